/* SPDX-License-Identifier: MIT */

/*
 * lib/switch.c and lib/cpus.c, access by access: what the kernel does on a CPU with interrupts off. As to steps see
 * shootdown.pml. What only the CPU itself reads and writes (its slots, the space that it has loaded) goes with the
 * step before or after.
 */

#if ASIDS > 0
byte slot_space[CPUS * ASIDS];
byte slot_generation[CPUS * ASIDS];
byte next_slot[CPUS];
#define SLOT(c, number) ((c) * ASIDS + (number) - 1)

inline save_slot(c)
{
    if
    :: root[c] != NONE -> slot_generation[SLOT(c, asid[c])] = OWN_APPLIED(c)
    :: else
    fi
}

#ifdef KEEP_TAKEN_SLOT
#define clear_slot(c) skip
#else
#define clear_slot(c) slot_generation[SLOT(c, number)] = 0
#endif

/* Not the slot that is loaded, where there are several. */
#if ASIDS > 1
#define NEXT_SLOT(c) (next_slot[c] + 1 == asid[c] -> asid[c] % ASIDS : next_slot[c])
#else
#define NEXT_SLOT(c) next_slot[c]
#endif

/*
 * The slot of the space `next`, or one taken over in turn; and what the CPU has of that space. With one slot
 * lib/switch.c uses none: here, where there are two spaces, it is the case in which slots are taken over.
 */
inline find_slot(c)
{
    if
    :: slot_space[SLOT(c, 1)] == next -> number = 1
#if ASIDS > 1
    :: slot_space[SLOT(c, 2)] == next -> number = 2
#endif
    :: else ->
       number = NEXT_SLOT(c) + 1;
       next_slot[c] = number % ASIDS;
       slot_space[SLOT(c, number)] = next;
       clear_slot(c)
    fi;
    known = slot_generation[SLOT(c, number)]
}

#define note_slot(c) slot_generation[SLOT(c, number)] = wanted

#ifdef KEEP_SLOTS
#define forget_slots(c) skip
#else
inline forget_slots(c)
{
    slot_space[SLOT(c, 1)] = NONE;
    slot_generation[SLOT(c, 1)] = 0;
#if ASIDS > 1
    slot_space[SLOT(c, 2)] = NONE;
    slot_generation[SLOT(c, 2)] = 0;
#endif
    next_slot[c] = 0
}
#endif
#else
#define save_slot(c) skip
#define find_slot(c) skip
#define note_slot(c) skip
#define forget_slots(c) skip
#endif

/* The history of a slot: nothing stale in it, or what went with one plan that is kept, or unknown. */
#ifdef KEEP_ALWAYS
#define UP_TO_DATE (known != 0)
#else
#define UP_TO_DATE (known == wanted)
#endif
#ifdef BEHIND_BY_ADDRESS
#define BY_ADDRESS kept
#else
#define BY_ADDRESS (kept && plan != TABLE)
#endif

/* Loads the space `next` as it is at generation `wanted`. */
inline load(c)
{
    ledger_read(c, SWITCH, next);
    atomic {
        idle[c] = 0;
        if
        :: UP_TO_DATE -> load_cr3(c, next, number, CR3_KEEP)
        :: !UP_TO_DATE && BY_ADDRESS ->
           invpcid_address(c, number, next, plan);
           load_cr3(c, next, number, CR3_KEEP)
        :: else -> load_cr3(c, next, number, CR3_FLUSH)
        fi;
        note_slot(c)
    }
}

#ifdef ADD_WITHOUT_FENCE
#define fence(c) skip
#else
#define fence(c) drain(c)
#endif

inline enter(c)
{
    atomic { fence(c); loaded_set[next] = loaded_set[next] | CPU(c) };
    atomic { fence(c); active_set[next] = active_set[next] | CPU(c) }
}

inline read_number(c)
{
    atomic { wanted = generation[next]; find_slot(c) }
}

inline leave_space(c)
{
    if
    :: atomic { last != NONE -> drain(c); active_set[last] = active_set[last] & ~CPU(c) };
       atomic { drain(c); loaded_set[last] = loaded_set[last] & ~CPU(c) }
    :: else
    fi
}

#ifdef APPLIED_NOT_ZEROED
#define unsettle(c) skip
#else
#define unsettle(c) store_applied(c, 0)
#endif

inline change(c)
{
    atomic { last = root[c]; save_slot(c); unsettle(c) };
#ifdef READ_BEFORE_JOIN
    read_number(c);
    enter(c);
#else
    enter(c);
    read_number(c);
#endif
#ifdef LEAVE_BEFORE_LOAD
    leave_space(c);
    load(c);
#else
    load(c);
    leave_space(c);
#endif
    atomic { store_applied(c, wanted); CATCH_UP_RETURN; last = 0; number = 0 }
}

inline become_active(c)
{
    atomic { drain(c); active_set[root[c]] = active_set[root[c]] | CPU(c) }
}

inline resume(c)
{
#if defined RESUME_BEFORE_JOIN
    catch_up(c, SWITCH);
    become_active(c);
#elif defined RESUME_UNCHANGED
    become_active(c);
#else
    become_active(c);
    catch_up(c, SWITCH);
#endif
    atomic { idle[c] = 0; check(c) }
}

inline go_idle(c)
{
    atomic { idle[c] = 1; drain(c); active_set[root[c]] = active_set[root[c]] & ~CPU(c) }
}

#ifdef WITH_JOIN
#ifdef LEAVE_UNFLUSHED
#define flush_globals(c) skip
#else
#define flush_globals(c) global_tlb[c] = 0
#endif

/* Before this call the CPU has loaded a root of the kernel's own and flushed its global entries. */
inline leave(c)
{
    atomic { last = root[c]; root[c] = NONE; idle[c] = 0; flush_globals(c); store_applied(c, 0) };
#ifndef LEAVE_STAYS_LOADED
    leave_space(c);
#endif
#ifndef LEAVE_STAYS_ONLINE
    atomic { drain(c); online = online & ~CPU(c) };
#endif
    atomic { takes_part[c] = 0; last = 0 }
}

/* Others have used the CPU and its ASIDs meanwhile. They have left no global entries. */
inline join(c)
{
    atomic {
        set_every_asid(c, FOREIGN_BIT);
        asid[c] = 0;
        forget_slots(c);
        applied[c] = 0;
        applied_global[c] = 0;
        takes_part[c] = 1;
        online = online | CPU(c)
    };
    known = generation[GLOBALS];
    atomic { applied_global[c] = known; known = 0 }
}
#endif

/* The kernel switches nothing while a task is pinned. */
#ifdef SWITCH_WHILE_PINNED
#define CAN_SWITCH(c) !interrupts_off[c]
#else
#define CAN_SWITCH(c) !pinned[c]
#endif

inline choose_call(c)
{
    if
    :: TAKES_PART(c) -> next = 1
    :: TAKES_PART(c) -> next = 2
    :: root[c] != NONE && !idle[c] -> next = IDLE
#ifdef WITH_JOIN
    :: TAKES_PART(c) -> next = LEAVE
    :: !TAKES_PART(c) -> next = JOIN
#endif
    fi
}

/* The kernel on one CPU: at most so many calls, or fewer. */
proctype kernel(byte c, calls)
{
    CATCH_UP_LOCALS;
    byte next, last, number;

end:
    do
    :: calls > 0 -> calls = 0
    :: atomic {
           calls > 0 && CAN_SWITCH(c) && RUNS(c, TASK) ->
           calls--;
           level[c] = SWITCH;
           choose_call(c)
       };
       if
       :: next == IDLE -> go_idle(c)
#ifdef WITH_JOIN
       :: next == LEAVE -> leave(c)
       :: next == JOIN -> join(c)
#endif
       :: next <= 2 && next == root[c] -> resume(c)
       :: next <= 2 && next != root[c] -> change(c)
       fi;
       atomic { level[c] = TASK; next = 0 }
    od
}
