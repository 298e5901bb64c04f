/* SPDX-License-Identifier: MIT */

/*
 * lib/ledger.c: plans that are numbered by several CPUs at a time, and read meanwhile.
 *
 * Modelled: each load, store and atomic change of the ledger's words, one step each, with a plan of two words. The
 * other models take the two words for one, and rely on what is checked here:
 *
 * - a plan that is read as kept is, in both words, the one that has this number;
 * - where no two posts overlap, each plan is kept;
 * - nobody waits for anybody: there is no state in which a poster or a reader cannot go on.
 *
 * Not modelled: words that become visible out of order. The fences of ledger.c are there for that, and on x86,
 * which keeps stores in order, nothing more than their delay is left; a delay is a step that comes later.
 */

#ifndef POSTERS
#define POSTERS 2
#endif
#ifndef POSTS
#define POSTS 2 /* by each */
#endif
#ifndef READERS
#define READERS 1
#endif
#ifndef READS
#define READS 2 /* by each */
#endif

byte generation = 1;
byte stamp;
byte latest[2];

/* The oracle's: which plan has a number, how many posts are under way, and whether two ever were. */
byte plan_of[POSTERS * POSTS + 2];
byte posting;
bit overlapped;

#ifdef CHANGE_NOT_ATOMIC
#define STILL(seen) true
#else
#define STILL(seen) (stamp == seen)
#endif

inline mark()
{
    seen = stamp;
#ifdef POST_UNMARKED
    ours = 1
#else
    atomic {
        ours = (seen % 2 == 0 && STILL(seen));
        stamp = (ours -> seen | 1 : stamp)
    }
#endif
}

#ifdef NUMBER_FROM_STAMP
#define STAMP (seen == 0 -> 4 : seen + 2) /* as if every plan before were kept */
#else
#define STAMP (2 * number)
#endif

inline post(plan)
{
    mark();
    if
    :: ours -> latest[0] = plan; latest[1] = plan
    :: else
    fi;
    atomic { generation++; number = generation; plan_of[number] = plan };
    if
    :: ours -> stamp = STAMP
    :: else
    fi
}

proctype poster(byte first)
{
    byte posts, seen, number;
    bit ours;

    do
    :: posts == POSTS -> break
    :: else ->
       atomic { posting++; overlapped = overlapped || posting > 1 };
       post(first + posts);
       atomic { posting--; assert(overlapped || stamp == 2 * generation); posts++; seen = 0; number = 0; ours = 0 }
    od
}

/* Reads as a CPU does that has missed one plan: of the number that it has found. */
inline read()
{
    if
    :: stamp == 2 * wanted ->
       plan[0] = latest[0];
       plan[1] = latest[1];
#ifndef NO_SECOND_LOOK
       if
       :: stamp == 2 * wanted -> kept = 1
       :: else
       fi
#else
       kept = 1
#endif
    :: else
    fi
}

proctype reader()
{
    byte reads, wanted;
    byte plan[2];
    bit kept;

    do
    :: reads == READS -> break
    :: else ->
       wanted = generation;
       read();
       atomic {
           assert(!kept || (plan[0] == plan_of[wanted] && plan[1] == plan_of[wanted]));
           kept = 0; plan[0] = 0; plan[1] = 0; wanted = 0; reads++
       }
    od
}

init
{
    byte i;
    atomic {
        for (i : 1 .. POSTERS) { run poster(1 + (i - 1) * POSTS) }
        for (i : 1 .. READERS) { run reader() }
    }
}
