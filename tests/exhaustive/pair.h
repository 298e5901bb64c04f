/* SPDX-License-Identifier: MIT */
#ifndef TESTS_EXHAUSTIVE_PAIR_H
#define TESTS_EXHAUSTIVE_PAIR_H

/*
 * A space of the engine and its flat model, side by side. All that an operation changes lies in a Moment,
 * which is taken back by assigning the earlier one.
 */

#include "tests/exhaustive/machine.h"
#include "tests/exhaustive/scope.h"

typedef struct moment {
    MemVmap vmap;
    Machine machine;
    FlatPage model[SCOPE_PAGES];
    usize reserved; /* in the model */
} Moment;

typedef struct pair {
    const Scope *scope;
    Moment now, before; /* `before` is data only: its pointers lead into `now` */
    Flat model, model_before;
    usize cost;           /* of the operation, as the engine said in advance */
    char difference[200]; /* between engine and model */
} Pair;

/* An empty space. */
void pair_init(Pair *pair, const Scope *scope);

/*
 * Makes the present the mark, to which pair_back returns. `linked`: the pages that are tables of the tree.
 */
void pair_mark(Pair *pair, PageSet linked);
void pair_back(Pair *pair);

/* How the moment after an operation relates to the mark. */
typedef enum { APPLIED_WRONG, APPLIED_NOTHING, APPLIED } Applied;

/*
 * Does an operation on both, from the mark, and compares them; `refuse` as in Machine. APPLIED_NOTHING: not
 * a byte of it all has changed. After APPLIED_WRONG `difference` says what is wrong.
 */
Applied pair_apply(Pair *pair, const Operation *operation, uint32_t refuse);

/* How the second of two calls is made while a batch is open. */
typedef enum { SECOND_IN_BATCH, SECOND_BESIDE } BatchPart;

/*
 * Begins a batch, makes one call in it and one in or beside it, and ends it: with the checks of pair_apply.
 */
Applied pair_apply_batch(Pair *pair, const Operation *first, const Operation *second, BatchPart part);

/* What is enough to check once for each state: walks of every range. */
bool pair_check_walks(Pair *pair);

/* The parts of the above. Those that are bool write `difference` where they are false. */

/* What the model says that the call must return, where no page_get is refused. */
int pair_expected(const Pair *pair, const Operation *operation);

/* The call itself; and the same for the model, with the leaves that the engine has lost. */
int pair_call(Pair *pair, const Operation *operation);
bool pair_follow(Pair *pair, const Operation *operation);
bool pair_take_lost(Pair *pair, const Operation *operation);
void pair_forget_history(Flat *flat);

/* What the model says of the tree: its leaves by level, its tables, the credits that it holds. */
typedef struct census {
    usize leaves[MEM_VMAP_LEVELS_MAX], tables, credits;
} Census;

/* Whether an entry of this level, the one that covers the page, links a table. */
bool pair_has_table(const Pair *pair, const Flat *flat, unsigned level, unsigned page);

Census pair_census(const Pair *pair, const Flat *flat);

/* Every page, the walk, the counts, the invariants: engine = model. */
bool pair_compare(Pair *pair);

/* Whether the format's entries must be broken before they are made. */
bool pair_breaks(const Pair *pair);

/* The CPUs were told of all in the span that their TLBs may hold and must not use now. */
bool pair_check_forgotten(Pair *pair, FlatSpan span);

/* The CPUs were told of nothing where there was nothing to forget. */
bool pair_check_needless(Pair *pair);

/* They write `difference` and are false. */
bool pair_differ(Pair *pair, const char *what, uint64_t at, uint64_t engine, uint64_t model);
bool pair_differ_code(Pair *pair, const char *what, int engine, int model);

#endif
