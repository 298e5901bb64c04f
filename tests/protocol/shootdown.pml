/* SPDX-License-Identifier: MIT */

/*
 * lib/ledger.c and lib/shootdown.c, access by access. Each access to a word that CPUs share is one step; what
 * comes between two of them and concerns nobody else belongs to one of them. `what` is the level at which the
 * code runs on CPU `c`: it stands still while an interrupt handler runs above it.
 *
 * Waiting. The library looks, serves, and looks again. Here a look may come at any moment, but after one in vain
 * it goes on only when another would succeed or there is something to serve. What that leaves out are looks and
 * services which change nothing. So a wait without end is one that cannot go on, which spin reports as an invalid
 * end state. With SPIN_WAIT the loop is that of the library.
 *
 * Not modelled: the words of a plan one by one (ledger.pml does), how plans are made and merged, the lock of a space:
 * to clear an entry is one step.
 */

/* The ledgers of the spaces, and of global entries. A plan is one page: the last that went. */
#define GLOBALS 0
byte generation[3] = 1;
byte stamp[3];
byte latest[3];
byte posted_generation; /* of the latest global plan, in the ledger of space 1: all global plans are of it */

byte active_set[3];
byte loaded_set[3];
byte online;
byte applied[CPUS];
byte applied_global[CPUS];

/*
 * TSO: what is stored to `applied` may stay in the store buffer of the CPU, which itself reads it there, until
 * the CPU changes a word atomically or until any later moment. (The stamp is stored plainly too. That others see
 * it late means only that they take the plan for not kept.)
 */
#ifdef TSO
bit buffered[CPUS];
byte buffer[CPUS];
#define OWN_APPLIED(c) (buffered[c] -> buffer[c] : applied[c])

inline drain(c)
{
    applied[c] = OWN_APPLIED(c);
    buffered[c] = 0;
    buffer[c] = 0
}

inline store_applied(c, value)
{
    drain(c);
    buffered[c] = 1;
    buffer[c] = value
}

proctype store_buffer(byte c)
{
end:
    do
    :: atomic { buffered[c] -> drain(c) }
    od
}
#else
#define OWN_APPLIED(c) applied[c]
#define drain(c) skip
#define store_applied(c, value) applied[c] = value
#endif

/* What the code below keeps on its stack. */
#define CATCH_UP_LOCALS \
    byte space, known, wanted, plan, posted; \
    bit kept
#define CATCH_UP_RETURN \
    space = 0; known = 0; wanted = 0; plan = 0; posted = 0; kept = 0

/* The latest plan is enough for who has missed no other. */
#ifdef LATEST_FOR_ALL
#define LATEST_IS_ENOUGH true
#else
#define LATEST_IS_ENOUGH (known + 1 == wanted)
#endif

/* Whether the plan `wanted` is kept, and what it names. */
inline ledger_read(c, what, ledger)
{
    if
    :: atomic { RUNS(c, what) && LATEST_IS_ENOUGH && stamp[ledger] == 2 * wanted -> skip };
       atomic { RUNS(c, what) -> plan = latest[ledger]; posted = posted_generation };
       atomic { RUNS(c, what) -> kept = (stamp[ledger] == 2 * wanted) }
    :: atomic { RUNS(c, what) && !(LATEST_IS_ENOUGH && stamp[ledger] == 2 * wanted) -> kept = 0 }
    fi
}

inline catch_up_with_space(c, what)
{
    if
    :: atomic { RUNS(c, what) && root[c] != NONE -> space = root[c]; known = OWN_APPLIED(c) };
       do
       :: atomic {
              RUNS(c, what) -> wanted = generation[space];
              if
              :: known == wanted -> CATCH_UP_RETURN; break
              :: else
              fi
          };
          ledger_read(c, what, space);
          atomic { RUNS(c, what) -> plan = (kept -> plan : ALL_OF_SPACE); forget(c, plan) };
          atomic { RUNS(c, what) -> store_applied(c, wanted) };
#ifdef STEP_BACK
          atomic { CATCH_UP_RETURN; break }
#else
          atomic { RUNS(c, what) -> known = OWN_APPLIED(c) }
#endif
       od
    :: atomic { RUNS(c, what) && root[c] == NONE -> skip }
    fi
}

#ifdef WITH_GLOBALS
/* A plan for global entries was applied: it may also be the one plan that the CPU has missed of its space. */
#if defined CREDIT_UNCHECKED
#define IS_OF_CURRENT_SPACE(c) (root[c] == 1)
#elif defined CREDIT_OTHER_SPACE
#define IS_OF_CURRENT_SPACE(c) (root[c] != NONE && posted == OWN_APPLIED(c) + 1)
#else
#define IS_OF_CURRENT_SPACE(c) (root[c] == 1 && posted == OWN_APPLIED(c) + 1)
#endif

inline credit_space(c, what)
{
    if
    :: atomic { RUNS(c, what) && kept && IS_OF_CURRENT_SPACE(c) -> skip };
       atomic { RUNS(c, what) -> store_applied(c, posted) }
    :: atomic { RUNS(c, what) && !(kept && IS_OF_CURRENT_SPACE(c)) -> skip }
    fi
}

inline catch_up_with_globals(c, what)
{
    do
    :: atomic { RUNS(c, what) -> known = applied_global[c] };
       atomic {
           RUNS(c, what) -> wanted = generation[GLOBALS];
           if
           :: known == wanted -> CATCH_UP_RETURN; break
           :: else
           fi
       };
       ledger_read(c, what, GLOBALS);
       atomic { RUNS(c, what) -> plan = (kept -> plan : ALL_GLOBALS); forget(c, plan) };
       credit_space(c, what);
       atomic { RUNS(c, what) -> applied_global[c] = wanted }
    od
}

inline catch_up(c, what)
{
    catch_up_with_globals(c, what);
    catch_up_with_space(c, what)
}
#else
#define catch_up(c, what) catch_up_with_space(c, what)
#endif

#ifdef WITH_JOIN
inline serve(c, what)
{
    if
    :: TAKES_PART(c) -> catch_up(c, what)
    :: else
    fi
}
#else
#define serve(c, what) catch_up(c, what)
#endif

/* The handler of the interrupt that CPUs send. */
proctype handler(byte c)
{
    CATCH_UP_LOCALS;
end:
    do
    :: atomic { pending[c] && RUNS(c, TASK) && !interrupts_off[c] -> pending[c] = 0; level[c] = INTERRUPT };
       serve(c, INTERRUPT);
       level[c] = TASK
    od
}
