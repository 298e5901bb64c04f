/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

/*
 * A machine of several CPUs that run the engine, each on a coroutine, with TLBs and walk caches that fill at the
 * worst moments and forget nothing of their own accord. One host thread: whatever happens beside something else
 * happens between two of its accesses, where the engine's hooks call sim_point.
 *
 *     machine.c   CPUs as coroutines
 *     port.c      the engine's hooks
 *     pages.c     table pages, and which of them a walker may read
 *     mmu.c       TLBs, walk caches, walks; tlb.c what they forget
 *     x86_64.c    what is special about one kind of CPU; riscv.c, aarch64.c
 *     truth.c     what may be translated to what
 *     calls.c     the calls of a script
 *
 * Neither constants nor code come from the engine, but for the kinds of steps (arch/<cpu>/cpu/cpu.h).
 */

#include <mem/vmap.h>

#include <ucontext.h>

enum {
    CPUS = MEM_VMAP_CPUS,
    SPACES = 3,
    PROBES = 32, /* addresses that are watched */
    LEVELS = 5,
    TLB_MAX = 192,
    WALKS_MAX = 96,
    BATCH_CALLS = 12,
    OLD_MAX = 24,
    CHANGES = 64,
    QUEUE_MAX = 96,
};

/* Rights of a translation. */
enum { RIGHT_WRITE = 1, RIGHT_EXEC = 2, RIGHT_USER = 4, RIGHT_GLOBAL = 8, RIGHTS_ALL = 15 };

/* What a page of virtual addresses translates to. */
typedef struct value {
    bool mapped;
    unsigned rights;
    uint64_t frame;
} Value;

/*
 * An entry as the hardware reads it. One that is broken, to be made anew, is not present, and yet stands for what the
 * rest says. A run is a leaf that may be cached as one with its aligned neighbours.
 */
typedef struct entry {
    bool present, broken, leaf, accessed, dirty, run, uncached;
    unsigned rights;
    uint64_t phys;
} Entry;

typedef struct cpu Cpu;

/* Who tells the others what went: whom the kernel interrupts, the hardware, or firmware. */
typedef enum { TOLD_BY_INTERRUPT, TOLD_BY_HARDWARE, TOLD_BY_FIRMWARE } Teller;

/* A kind of CPU with one page-table format. Levels count from 0 = page. */
typedef struct kind {
    const char *name;   /* of the CPU, as the library calls it */
    const char *format; /* the same */
    const char *id;     /* of the kind */
    Teller teller;
    unsigned levels;
    unsigned va_bits;
    bool one_half; /* addresses are not sign-extended */
    uint8_t shift[LEVELS], bits[LEVELS];
    uint8_t run[LEVELS];                   /* log2 of the leaves that may be one run */
    uint64_t accessed, dirty, dirty_clear; /* bits of a leaf that the hardware sets, or clears */
    bool marks_tables;                     /* entries that link tables are marked as accessed, too */
    bool must_break;                       /* a TLB never has two sizes, or two frames, of one address */
    Entry (*parse)(uint64_t entry, unsigned level);
    void (*step)(Cpu *cpu, const MemVmapStep *step, uint64_t address); /* once */
    void (*firmware)(Cpu *cpu, const MemVmapStep *step); /* on another CPU, as often as it says */
} Kind;

typedef struct tlb_entry {
    bool global, dirty, absent; /* absent: that nothing is mapped */
    unsigned asid, level;
    uint64_t virt, size; /* of the page, of whatever size */
    Value value;         /* of its first 4 KiB */
} TlbEntry;

/* Leads from the addresses of one entry of level + 1 to a table of `level`. */
typedef struct walk_entry {
    unsigned asid, level, rights;
    uint64_t virt, table;
    uint32_t life; /* of the table page, when this was cached */
} WalkEntry;

typedef struct thread Thread;
typedef struct space Space;

struct cpu {
    unsigned number;
    MemVmapCpu vmap;
    bool joined, idle, pending;
    unsigned masked; /* > 0: interrupts are off */
    uint64_t root;
    unsigned asid;
    Space *space; /* whose root is loaded; null: none of the library's */
    Thread *thread;
    TlbEntry tlb[TLB_MAX];
    WalkEntry walks[WALKS_MAX];
    unsigned tlb_count, walk_count;
    bool blurred;      /* a root is loaded, and what the one before has left is yet to be forgotten */
    bool stored;       /* entries that other CPUs, or walkers, may not see yet */
    unsigned in_queue; /* RISC-V: how often it is between sfence.w.inval and sfence.inval.ir */
    struct {
        unsigned kind, asid;
        uint64_t operand;
    } queue[QUEUE_MAX]; /* invalidations that nobody need have done yet */
    unsigned queue_count;
};

/* What a script asks for. */
typedef enum {
    DO_MAP,
    DO_UNMAP,
    DO_PROTECT,
    DO_COLLAPSE,
    DO_BATCH_BEGIN,
    DO_BATCH_UNMAP,
    DO_BATCH_PROTECT,
    DO_BATCH_END,
    DO_SWITCH,
    DO_IDLE,
    DO_ACCESS,
    DO_TRANSLATE,
    DO_LOOKUP,
    DO_LEAVE,
    DO_JOIN,
    DO_RENEW, /* destroys the space and makes another in its place */
    DO_SERVE, /* an interrupt without a reason */
    DO_USE_ASIDS_UP,
} DoKind;

typedef struct act {
    DoKind kind;
    unsigned space;
    usize virt, len;
    int flags;   /* of an access: MEM_VMAP_WRITE, EXEC or 0 */
    bool uneven; /* map: frames that allow no large leaf */
    bool masked; /* a call with interrupts off */
    bool shared; /* map: the frames of the map before */
} Act;

/* A call under way. */
typedef struct call {
    Act act;
    uint64_t id, began;
    usize phys; /* map */
    unsigned rights;
    int result;
} Call;

typedef enum { WAIT_NOTHING, WAIT_RELAX, WAIT_LOCK, WAIT_END } Wait;

struct thread {
    unsigned number;
    Cpu *cpu;
    ucontext_t context;
    char *stack;
    Wait wait;
    Space *wanted; /* WAIT_LOCK */
    uint64_t seen; /* WAIT_RELAX: the steps of all when it began */
    unsigned pinned;
    bool ended;
    const Act *acts;
    unsigned act_count;
    uint64_t map; /* the number of its last one */
    Call *call;   /* null: none is under way */
    MemVmapBatch batch;
    Space *batch_space; /* null: no batch is open */
    Call batch_calls[BATCH_CALLS];
    unsigned batch_count;
};

/* A value that went from the tables and may still be cached. */
typedef struct old {
    Value value;
    uint64_t frame_born, born, killer; /* `killer`: the call that removed it */
} Old;

typedef struct change {
    uint64_t at;
    Value before, after;
} Change;

/* What one probe is in one space. */
typedef struct truth {
    Value now;
    uint64_t frame_born, born;
    bool settled;     /* the map returned: every CPU can use it */
    uint64_t written; /* the frame that somebody wrote through this probe */
    Old olds[OLD_MAX];
    unsigned old_count;
    Change changes[CHANGES]; /* the latest */
    unsigned change_count;
} Truth;

struct space {
    unsigned number;
    MemVmap vmap;
    Thread *owner;  /* of the lock */
    unsigned users; /* calls under way and batches open */
    bool renewing;  /* it is not there: it ends, or another is made in its place */
    Truth truth[PROBES];
};

/* Where a thread is when others may come between. */
typedef enum {
    POINT_LOAD,
    POINT_STORE,
    POINT_EXCHANGE,
    POINT_SHARED,
    POINT_RELAXED, /* an atomic access that orders nothing */
    POINT_STEP,
    POINT_SEND,
    POINT_LOCK,
    POINT_UNLOCK,
    POINT_PIN,
    POINT_CALL,
    POINTS
} Point;

/* Who decides what comes when. */
typedef struct driver {
    void (*point)(Point point);       /* may call sim_yield, sim_serve, sim_move, mmu_speculate */
    unsigned (*pick)(unsigned count); /* which of so many threads begins, or goes on where one waits */
    unsigned (*whim)(unsigned count); /* which of so many cached entries an MMU uses */
    bool (*deliver)(void);  /* whether an interrupt that waits is delivered when a thread goes on */
    void (*describe)(void); /* prints how to see this again */
} Driver;

/* What a CPU does wrong: for a test of the simulator. */
typedef enum { CPU_SOUND, CPU_KEEPS_WALKS, CPU_KEEPS_GLOBALS, CPU_KEEPS_PAGES } CpuFault;

typedef struct config {
    const Kind *kind;
    unsigned cpus, spaces, probes;
    MemVmapCpuFeatures features;
    usize cache_pages;
    unsigned scarcity; /* one of so many pages that the engine asks for is not to be had; 0: all are */
    bool greedy;       /* MMUs cache at once whatever they can */
    CpuFault fault;
    unsigned break_level; /* of CPUs that must break before they make */
    bool runs;            /* optional ones are made */
    usize probe[PROBES];
} Config;

typedef struct sim {
    Config config;
    const Driver *driver;
    MemVmapCpus cpus;
    Cpu cpu[CPUS];
    Thread thread[CPUS];
    Space space[SPACES];
    Thread *running; /* null: set-up and taking down, where nobody comes between */
    Call *setup_call;
    Cpu *setup_cpu;
    ucontext_t main;
    uint64_t clock;  /* goes on at every event */
    uint64_t steps;  /* points so far */
    uint64_t effect; /* of which that at which something was last changed */
    uint64_t calls, maps;
    uint64_t setup_map; /* the number of the last one */
    uint64_t boot_root;
} Sim;

extern Sim sim;

/* The CPU kinds with their formats. */
extern const Kind sim_x86_64_4level, sim_x86_64_5level, sim_riscv_sv48, sim_riscv_sv48_firmware,
    sim_aarch64_4k;
extern const Kind *const sim_kinds[];
extern const unsigned sim_kind_count;

/* machine.c */
void sim_begin(const Config *config, const Driver *driver);
void sim_run(void); /* until all scripts have ended */
void sim_verify(void);
void sim_end(void);
Cpu *sim_cpu_here(void);
void sim_point(Point point);
unsigned sim_runnable(Thread *others[CPUS]); /* other threads that could go on, the next first */
void sim_yield(Thread *next);
void sim_wait(Wait wait); /* lets others go on until this thread can */
void sim_step(void);
void sim_had_effect(void); /* something has changed: CPUs do not wait for nothing */
bool sim_can_serve(const Cpu *cpu);
void sim_serve(Cpu *cpu);
void sim_move(Thread *other); /* this thread and another change CPUs */
bool sim_can_move(const Thread *thread);
void sim_mask(Cpu *cpu);
void sim_unmask(Cpu *cpu);
void sim_boot(Cpu *cpu); /* loads the boot root, as firmware left it */
uint64_t sim_tick(void);
Call *sim_call(void); /* the call under way on the running thread, or null */

/* port.c */
MemVmapCpuPort sim_cpu_port(const Config *config);
void space_make(Space *space);
void space_end(Space *space); /* nobody uses it any more */

/* Where an address of a script is on CPUs of this kind, and whether there is such an address. */
usize sim_place(const Kind *kind, usize virt);
bool sim_exists(const Kind *kind, usize virt);
void sim_use_asids_up(void); /* as if so many spaces had come and gone */
void sim_queue(Cpu *cpu, unsigned kind, unsigned asid, uint64_t operand);

/* pages.c */
void pages_begin(void);
uint64_t pages_get(void);
void pages_put(uint64_t phys);
bool pages_exist(uint64_t phys);
uint64_t *pages_pointer(uint64_t phys);
void pages_stored(const uint64_t *slot, uint64_t before, uint64_t now);
void pages_settle(uint64_t call); /* the call that unlinked tables has returned */
void pages_root(uint64_t phys, Space *space, unsigned level);
bool pages_readable(uint64_t phys);
uint32_t pages_life(uint64_t phys);
usize pages_out(void);
usize pages_direct_map(void);
bool pages_shared(const uint64_t *slot); /* it is, or was, part of a tree */

/* tlb.c */
void tlb_insert(Cpu *cpu, const TlbEntry *entry);
void walks_insert(Cpu *cpu, const WalkEntry *entry);
typedef enum { KEEP_GLOBALS, DROP_GLOBALS } Globals;
void tlb_drop_address(Cpu *cpu, unsigned asid, uint64_t virt, Globals globals);
void tlb_drop_asid(Cpu *cpu, unsigned asid); /* but for globals */
void tlb_drop_globals(Cpu *cpu);

/* Entries of the last level that translate an address in [first, last]; of walks, those on the way to one. */
typedef struct selection {
    uint64_t first, last;
    int asid;  /* negative: of every ASID, and global ones */
    int level; /* negative: of every level */
} Selection;
void tlb_drop(Cpu *cpu, const Selection *selection);
void walks_drop(Cpu *cpu, const Selection *selection);
void tlb_drop_all(Cpu *cpu);
void walks_drop_address(Cpu *cpu, unsigned asid, uint64_t virt);
void walks_drop_asid(Cpu *cpu, unsigned asid);
void walks_drop_all(Cpu *cpu);

/* mmu.c */
void mmu_load_root(Cpu *cpu, uint64_t root, unsigned asid);
void mmu_speculate(Cpu *cpu, unsigned probe);
void mmu_fill(Cpu *cpu);           /* everything that it could cache */
void mmu_fill_space(Space *space); /* the same on all CPUs that have it loaded, if they are greedy */
void mmu_check(Cpu *cpu);          /* everything that it could use now */
void mmu_check_all(void);
void mmu_check_page(uint64_t phys); /* no walk cache leads to a page that was taken back */
void mmu_access(Cpu *cpu, unsigned probe, unsigned right);
void mmu_settle(Cpu *cpu); /* what the root before has left is forgotten */
Value mmu_true_value(const Space *space, uint64_t virt, bool *dirty);

/* truth.c */
void truth_begin(Space *space);
void truth_refresh(Space *space, uint64_t virt, uint64_t size);
bool truth_allows(const Space *space, unsigned probe, const Value *value, bool global);
void truth_returned(const Call *call);
void truth_lost(usize virt, usize len); /* the port is told that a leaf went */
void truth_check_dirty(void);
void truth_note_write(Space *space, unsigned probe, uint64_t frame);
bool value_same(const Value *a, const Value *b);
int sim_probe_at(usize virt); /* its number; -1: no probe is in this page */

/* calls.c */
void sim_perform(Thread *thread, const Act *act);
void sim_setup(const Act *acts, unsigned count);
void sim_read(Space *space, usize virt); /* a lookup, as an interrupt handler may make it */
void sim_setup_switch(unsigned cpu, unsigned space);
unsigned rights_of(int flags);

/* log.c */
void sim_log(const char *format, uint64_t a, uint64_t b, uint64_t c);
void log_begin(void);
_Noreturn void violation(const char *rule, ...) __attribute__((format(printf, 1, 2)));

#endif
