/* SPDX-License-Identifier: MIT */

/*
 * Who unmaps: the part of lib/shootdown.c that posts, interrupts and waits, and what the calls do around it.
 * Included by scenario.pml; as to steps and waiting see shootdown.pml.
 */

/* Adds the page that went to a ledger; `result` is its number. */
inline post_to(ledger, result)
{
    seen = stamp[ledger];
    atomic {
        ours = (seen % 2 == 0 && stamp[ledger] == seen);
        stamp[ledger] = (ours -> seen | 1 : stamp[ledger]);
        seen = 0
    };
    if
    :: atomic { ours -> latest[ledger] = page; posted_generation = (ledger == GLOBALS -> number : posted_generation) }
    :: else
    fi;
    atomic { generation[ledger]++; result = generation[ledger] };
    if
    :: atomic { ours -> stamp[ledger] = 2 * result; ours = 0 }
    :: else
    fi
}

inline post()
{
    post_to(owner, number);
#ifdef WITH_GLOBALS
    if
    :: page == GLOBAL -> post_to(GLOBALS, global_number)
    :: else
    fi
#endif
}

/* Whom a plan concerns, and whom to interrupt for it. */
#ifdef TABLES_TO_ACTIVE
#define USERS active_set[owner]
#else
#define USERS (page == LEAF -> active_set[owner] : loaded_set[owner])
#endif
#ifdef GLOBALS_TO_USERS
#define TARGETS USERS
#else
#define TARGETS (page == GLOBAL -> online : USERS)
#endif

/* Whether CPU `n` is late: it may still have what went. */
inline look(n)
{
#if defined WITH_GLOBALS && !defined SPACE_ONLY
    if
    :: page == GLOBAL && (online & CPU(n)) != 0 -> late = (applied_global[n] < global_number)
    :: page != GLOBAL || (online & CPU(n)) == 0
    fi;
#endif
    if
    :: !late && (USERS & CPU(n)) != 0 -> late = (applied[n] < number)
    :: late || (USERS & CPU(n)) == 0
    fi
}

/* What a look, and a service, would find now. */
#define IS_LATE(n) \
    (page == GLOBAL && (online & CPU(n)) != 0 && applied_global[n] < global_number || \
     (USERS & CPU(n)) != 0 && applied[n] < number)
#ifdef SPIN_WAIT
#define WORTH_SERVING(c) true
#else
#define WORTH_SERVING(c) \
    (TAKES_PART(c) && (applied_global[c] != generation[GLOBALS] || \
                       root[c] != NONE && OWN_APPLIED(c) != generation[root[c]]))
#endif

/* A task whose interrupts are on has its CPU to itself between pin and unpin. With MIGRATE that may be any CPU. */
#ifdef MIGRATE
#define MAY_RUN_ON(c) true
#else
#define MAY_RUN_ON(c) (c == home)
#endif
#define CAN_PIN(c) (MAY_RUN_ON(c) && !pinned[c] && RUNS(c, TASK))
#define CAN_PIN_AND_SERVE(c) (!bound && CAN_PIN(c) && WORTH_SERVING(c))

inline pin_to(c)
{
    pinned[c] = 1;
    here = c
}

inline pin()
{
    atomic {
        bound || CAN_PIN(0) || CAN_PIN(1) ->
        if
        :: bound
        :: !bound && CAN_PIN(0) -> pin_to(0)
        :: !bound && CAN_PIN(1) -> pin_to(1)
        fi
    }
}

inline unpin()
{
    atomic { pinned[here] = bound; here = (bound -> here : 0) }
}

/*
 * Without serving, a caller forgets what it has unmapped itself and then only waits. (To leave out the service in
 * the loop alone would not do: after it has posted, each caller serves once, and so of two that wait for each
 * other one has served the other's plan.)
 */
inline interrupt_and_serve()
{
    pin();
    atomic { pending[1 - here] = pending[1 - here] | (targets >> (1 - here) & 1) };
#ifdef NO_SERVE_WHILE_WAITING
    atomic { forget(here, page); targets = targets & ~CPU(here) };
#else
    serve(here, TASK);
#endif
    unpin()
}

/* Waits for the lowest CPU of `targets`, and takes it out. */
#define NEXT_TARGET ((targets & CPU(0)) != 0 -> 0 : 1)

inline wait_for_next()
{
    look(NEXT_TARGET);
    if
    :: atomic { !late -> targets = targets & ~CPU(NEXT_TARGET) }
    :: atomic { late && !IS_LATE(NEXT_TARGET) -> late = 0 }
#ifndef NO_SERVE_WHILE_WAITING
    :: atomic {
           late && (bound && WORTH_SERVING(here) || CAN_PIN_AND_SERVE(0) || CAN_PIN_AND_SERVE(1)) ->
           late = 0;
           if
           :: bound
           :: CAN_PIN_AND_SERVE(0) -> pin_to(0)
           :: CAN_PIN_AND_SERVE(1) -> pin_to(1)
           fi
       };
       serve(here, TASK);
       unpin()
#endif
    fi
}

inline interrupt_and_wait()
{
    if
    :: targets != 0 ->
       interrupt_and_serve();
       do
       :: targets != 0 -> wait_for_next()
       :: else -> break
       od
    :: else
    fi
}

/* What a CPU looks at: whether it has its space loaded and no other CPU has; and whether it has missed no other plan. */
#define HAS_IT_ALONE (root[here] == owner && loaded_set[owner] == CPU(here))
#ifdef ALONE_NO_SECOND_LOOK
#define STILL_HAS_IT_ALONE true
#else
#define STILL_HAS_IT_ALONE HAS_IT_ALONE
#endif
#ifdef ALONE_UNCHECKED
#define MISSED_NO_OTHER true
#else
#define MISSED_NO_OTHER (OWN_APPLIED(here) + 1 == number)
#endif
#ifdef ALONE_STEP_BACK
#define catch_up_alone() skip
#else
#define catch_up_alone() catch_up_with_space(here, TASK)
#endif

/*
 * The plan, of a page that is not global, is numbered and not posted. `alone` does not stay if something came in
 * between: then it is posted after all.
 */
inline count_and_forget()
{
    atomic { RUNS(here, TASK) -> drain(here); generation[owner]++; number = generation[owner] };
    atomic { RUNS(here, TASK) -> alone = STILL_HAS_IT_ALONE };
    if
    :: atomic { RUNS(here, TASK) && alone && MISSED_NO_OTHER -> invlpg(here, page) };
       atomic { RUNS(here, TASK) -> store_applied(here, number) };
       catch_up_alone()
    :: atomic { RUNS(here, TASK) && !(alone && MISSED_NO_OTHER) -> alone = 0; number = 0 }
    fi
}

inline shoot_down_alone()
{
    atomic {
        pin();
        alone = (page != GLOBAL && HAS_IT_ALONE);
        if
        :: !alone -> unpin()
        :: else
        fi
    };
    if
    :: alone -> count_and_forget(); unpin()
    :: else
    fi
}

inline post_and_mark()
{
#ifdef MASK_BEFORE_POST
    targets = TARGETS;
    post()
#else
    post();
    targets = TARGETS
#endif
}

inline shoot_down()
{
    shoot_down_alone();
    if
    :: alone -> alone = 0
    :: else -> post_and_mark(); interrupt_and_wait()
    fi
}

#ifdef POST_BEFORE_STORE
inline unmap()
{
    shoot_down();
    mapped = mapped & ~BIT(owner, page)
}
#else
inline unmap()
{
    mapped = mapped & ~BIT(owner, page);
    shoot_down()
}
#endif

#ifdef SPIN_WAIT
byte unmapping;
#define under_way(change) unmapping = unmapping change

ltl every_unmap_returns { []<> (unmapping == 0) }
#else
#define under_way(change) skip
#endif

#define MAY_UNMAP(bits) ((pages & ~gone & (bits)) != 0)

inline choose_page()
{
    if
    :: MAY_UNMAP(1) -> owner = 1; page = LEAF
    :: MAY_UNMAP(2) -> owner = 1; page = TABLE
    :: MAY_UNMAP(4) -> owner = 2; page = LEAF
    :: MAY_UNMAP(8) -> owner = 2; page = TABLE
    :: MAY_UNMAP(GLOBAL_BIT) -> owner = 1; page = GLOBAL
    fi
}

/* With interrupts on, or bound to a CPU and with interrupts off all the time. */
inline choose_context()
{
    if
    :: bound = 0
    :: CAN_PIN(0) -> bound = 1; pin_to(0); interrupts_off[0] = 1
    :: CAN_PIN(1) -> bound = 1; pin_to(1); interrupts_off[1] = 1
    fi
}

/* A thread that unmaps some of `pages`. A page that another is unmapping may be among them: both then wait. */
proctype task(byte home, pages, unmaps)
{
    CATCH_UP_LOCALS;
    byte owner, page, number, global_number, targets, here, seen;
    bit bound, ours, late, alone;

end:
    do
    :: atomic {
           unmaps > 0 && MAY_UNMAP(255) ->
           unmaps--;
           under_way(+ 1);
           choose_page();
           choose_context()
       };
       unmap();
       atomic {
           under_way(- 1);
           gone = gone | BIT(owner, page);
           check(0);
           check(1);
           if
           :: bound -> pinned[here] = 0; interrupts_off[here] = 0
           :: else
           fi;
           owner = 0; page = 0; number = 0; global_number = 0; targets = 0; here = 0; bound = 0
       }
    od
}
