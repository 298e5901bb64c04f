/* SPDX-License-Identifier: MIT */
#ifndef MEM_VMAP_CPU_H
#define MEM_VMAP_CPU_H

/*
 * The CPUs of a machine, for spaces that they run: who must forget what, who has done so, and under which
 * numbers (ASID; on x86 PCID) a CPU keeps several spaces apart.
 *
 * A kernel has one MemVmapCpus, with one MemVmapCpu for each CPU, and names it in the port of each space
 * (`port.cpus`). It supplies an interrupt that makes other CPUs call mem_vmap_cpu_serve, unless the CPUs, or their
 * firmware, tell each other by themselves; the library does the rest. A kernel with shootdowns of its own leaves
 * `port.cpus` null and gives invalidate_here and invalidate_there instead.
 *
 * Where a CPU has several roots at a time there is one MemVmapCpus for each: on AArch64 one for spaces of the lower
 * half (TTBR0), one for the upper half (TTBR1), and one for those of guests (VTTBR).
 *
 * Both structs belong to the caller, who may put them anywhere that stays; everything in them is private.
 */

#include <mem/vmap_plan.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mem_vmap;
struct mem_vmap_cpu;

/* A set of CPUs, by their numbers: bit n % 64 of word n / 64. */
typedef struct mem_vmap_cpu_set {
    uint64_t words[(MEM_VMAP_CPUS + 63) / 64];
} MemVmapCpuSet;

/* MemVmapCpuFeatures.extensions of RISC-V, */
#define MEM_VMAP_HAS_SVINVAL (1u << 0)

/* and of AArch64: ID_AA64ISAR0_EL1.TLB is 2 (FEAT_TLBIRANGE), ID_AA64MMFR2_EL1.TTL is 1 (FEAT_TTL). */
#define MEM_VMAP_HAS_RANGES (1u << 0)
#define MEM_VMAP_HAS_TTL    (1u << 1)

/* MemVmapCpuFeatures.errata of AArch64: the DSB after a broadcast TLBI does not wait for all that it should. */
#define MEM_VMAP_REPEAT_BROADCAST (1u << 0)

/* What the CPUs of this machine can do. All zero is true of any CPU that has no global entries. */
typedef struct mem_vmap_cpu_features {
    unsigned asids; /* ASIDs that a root can be loaded with, 0 among them; 0: the CPUs have none. x86: 4096
                       * where CR4.PCIDE is set; AArch64: 256 or 65536, ASIDs or VMIDs, of the upper half 0 */
    bool by_asid;   /* entries of an ASID that is not current can be invalidated. x86: CPUID INVPCID */
    bool globals;   /* global entries survive a load of the root. x86: CR4.PGE is set */
    unsigned ceiling; /* so many addresses are invalidated one by one; if there are more, their whole space
                       * is. 0: 33 */
    unsigned extensions; /* what CPUs of this type may have: MEM_VMAP_HAS_... */
    unsigned errata;     /* of any of the CPUs, ORed: see MemVmapCpuType.errata */
    /* An absent entry may be cached, and nobody helps a CPU that faults on a page that has come: map then flushes its
     * range. RISC-V without Svvptc, where the handler of page faults does not look the page up, execute sfence.vma
     * and return. */
    bool caches_absent;
} MemVmapCpuFeatures;

/*
 * One kind of invalidation or load, executed `count` times: at `first`, `first + stride`, ... What `kind` means
 * is the CPU's affair: arch/<cpu>/cpu.
 */
typedef struct mem_vmap_step {
    unsigned kind;
    unsigned asid;
    usize first;
    usize stride;
    usize count;
} MemVmapStep;

/* The most steps that any plan makes: two for each range, and what comes before and after. */
#define MEM_VMAP_STEPS (2 * MEM_VMAP_BATCH_RANGES + 10)

/* What a CPU still has of a space that it is about to load. */
typedef enum mem_vmap_history {
    MEM_VMAP_UNKNOWN,    /* perhaps anything under this ASID: all of it must go */
    MEM_VMAP_BEHIND,     /* what was true before one plan */
    MEM_VMAP_UP_TO_DATE, /* nothing stale */
    MEM_VMAP_RENUMBERED  /* ASIDs mean other spaces by now: all of every ASID must go, before the load */
} MemVmapHistory;

/* A space as one CPU knows it. */
typedef struct mem_vmap_root {
    usize root;          /* physical address of the root table */
    unsigned asid;       /* the CPU's number for it; 0 where it has none */
    unsigned levels;     /* of its tables */
    unsigned page_shift; /* log2 of the size of its pages */
    unsigned virt_bits;  /* width of its addresses */
    bool upper;          /* its addresses have all bits above that width set: a root of that half alone */
    bool second_stage;   /* it translates what guests take for physical addresses */
} MemVmapRoot;

/* Where the steps of a plan to forget do their work. */
typedef enum mem_vmap_reach {
    MEM_VMAP_REACH_LOADED, /* on a CPU that executes them while it has the root loaded, */
    MEM_VMAP_REACH_ANY,    /* on any CPU that executes them, as they name the ASID, */
    MEM_VMAP_REACH_ALL     /* or on all CPUs when one executes them */
} MemVmapReach;

/* A kind of CPU: pure functions from what is to be forgotten to the instructions that do it. */
typedef struct mem_vmap_cpu_type {
    const char *name;
    /* The steps that make a CPU which has `root` loaded forget what `plan` names. Returns how many. */
    unsigned (*forget)(const MemVmapCpuFeatures *features, const MemVmapRoot *root, const MemVmapPlan *plan,
                       MemVmapStep steps[MEM_VMAP_STEPS]);
    /* The steps that load `root`. `plan` is read where the history is BEHIND. Returns how many. */
    unsigned (*load)(const MemVmapCpuFeatures *features, const MemVmapRoot *root, MemVmapHistory history,
                     const MemVmapPlan *plan, MemVmapStep steps[MEM_VMAP_STEPS]);
    /* The privileged instructions: what port.execute is where that is null. `context` is not used. Null in a
     * library that is compiled for another CPU. */
    void (*execute)(void *context, const MemVmapStep *steps, unsigned count);
    MemVmapReach reach; /* of the steps of `forget` */
    /* What a kernel may name as its port's execute_there: firmware's calls. Null: there are none. */
    void (*execute_there)(void *context, const MemVmapCpuSet *targets, const MemVmapStep *steps,
                          unsigned count);
    /* The errata that concern the library of a CPU that identifies itself so (AArch64: MIDR_EL1). Null: none. */
    unsigned (*errata)(uint64_t identification);
} MemVmapCpuType;

/*
 * What a kernel gives for its CPUs. execute, execute_there, here, pin and unpin may be called with a space's lock
 * held; interrupt and relax are not.
 */
typedef struct mem_vmap_cpu_port {
    /*
     * Executes steps on the calling CPU, in order. An interrupt may come between two of them. Null: the
     * type's own instructions; others are for simulators and paravirtual guests.
     */
    void (*execute)(void *context, const MemVmapStep *steps, unsigned count);

    /*
     * The calling CPU, as given to mem_vmap_cpu_join; null before it has joined. Called in any context. Null:
     * there is one CPU, number 0.
     */
    struct mem_vmap_cpu *(*here)(void *context);

    /*
     * Interrupts the CPUs of `targets`, not the calling one: each must soon call mem_vmap_cpu_serve, but
     * one that has just left, which may still be named, need not. Does not wait for them. Called without
     * locks of the library, by every call that may flush. Null: there is one CPU, unless CPUs are told otherwise;
     * not called where they are. With one CPU the engine also updates entries with plain loads and stores: see
     * port.invalidate_there.
     */
    void (*interrupt)(void *context, const MemVmapCpuSet *targets);

    /*
     * Between pin and unpin the caller stays on one CPU, and nothing else there switches spaces: preemption is
     * off, not only migration. No call nests them; where pin lets interrupts come, a call from a handler does. Null,
     * both: that holds for whoever calls the library anyway.
     */
    void (*pin)(void *context);
    void (*unpin)(void *context);

    /* Called again and again while a call waits for other CPUs: a pause instruction. Null: nothing. */
    void (*relax)(void *context);

    /* Handed to every hook. */
    void *context;

    /*
     * Executes steps on the CPUs of `targets`, not the calling one, and returns when they have; one that has just
     * left may still be named. Firmware or a hypervisor does it: the kernel that runs on them takes no part, and
     * need not have interrupts on. For types whose steps name their ASID (not x86). Null: `interrupt` is used,
     * unless the type's own steps reach all CPUs. RISC-V: type->execute_there calls the SBI; the numbers of CPUs
     * are then hart IDs.
     */
    void (*execute_there)(void *context, const MemVmapCpuSet *targets, const MemVmapStep *steps,
                          unsigned count);
} MemVmapCpuPort;

/* A line of the software TLB: the table in which the pages of one region of one space are found. Private. */
typedef struct mem_vmap_tlb_line {
    uint64_t sequence; /* odd while the line is written */
    uint64_t region;
    uint64_t space; /* 0: nothing here */
    uint64_t drops; /* of the region, when the walk began that found the table */
    uint64_t table; /* a pointer */
} MemVmapTlbLine;

/* What a CPU has under one of its ASIDs: that space, as it was at that generation. Private. */
typedef struct mem_vmap_slot {
    uint64_t space; /* 0: nothing */
    uint64_t generation;
} MemVmapSlot;

/* Plans of one space (or of all global entries), numbered; the latest is kept. Private. */
typedef struct mem_vmap_ledger {
    uint64_t generation;              /* the number of the latest */
    uint64_t stamp;                   /* twice the number of the plan below; odd while it is written */
    uint64_t space, space_generation; /* of the plan below: what it is in its space's ledger */
    uint64_t latest[2 + 3 * MEM_VMAP_BATCH_RANGES];
} MemVmapLedger;

/* One CPU. The caller owns the memory; everything in it is private. */
typedef struct mem_vmap_cpu {
    struct mem_vmap_cpus *cpus;
    unsigned number;
    struct mem_vmap *current; /* the space that is loaded, or null */
    MemVmapRoot root;         /* as it was loaded; not kept where ASIDs are the machine's */
    uint64_t applied;         /* its generation as this CPU knows it; 0: none is loaded, or one is being */
    uint64_t applied_global;
    unsigned next_slot; /* the slot to be taken over next */
    /* Where ASIDs are the machine's: the space and ASID that it runs, and those that it is about to leave; how often
     * all ASIDs had been given anew when it took the first, and when it last loaded a space. */
    uint64_t running[2], claimed, asid_generation;
    MemVmapSlot slots[MEM_VMAP_ASIDS];
#if MEM_VMAP_TLB_LINES > 0
    usize latest;                           /* the line that answered last, in bytes from the first */
    MemVmapTlbLine tlb[MEM_VMAP_TLB_LINES]; /* the last: see cpus.c */
#endif
} MemVmapCpu;

/* All CPUs of a machine. The caller owns the memory; everything in it is private. */
typedef struct mem_vmap_cpus {
    const MemVmapCpuType *type;
    MemVmapCpuFeatures features;
    MemVmapCpuPort port;
    uint64_t spaces; /* how many were made so far: the number of the newest */
    MemVmapCpuSet online;
    MemVmapCpu *cpu[MEM_VMAP_CPUS];
    MemVmapLedger globals;
    bool shares_asids; /* a space has one ASID on all CPUs; shootdowns interrupt nobody */
    /* Then: a lock, how often all ASIDs were given anew, the next to be given, and what each CPU ran when they were
     * given anew the last time: those numbers stay. */
    uint64_t asid_lock, asid_generation, next_asid;
    uint64_t kept[MEM_VMAP_CPUS][2];
} MemVmapCpus;

/* The kind of CPU called `name` (for example "x86_64"), or null where this build has none. Any context. */
const MemVmapCpuType *mem_vmap_cpu_type_find(const char *name);

/*
 * Makes `*cpus`, with no CPU. `features` null: all zero. Everything is copied, but `type`.
 * 0; MEM_EINVAL: cpus, port or type is null, there is no `execute`, only one of pin and unpin is given,
 * interrupt or execute_there without here, or execute_there with a type that cannot use it.
 * Context: before any space names it.
 */
int mem_vmap_cpus_init(MemVmapCpus *cpus, const MemVmapCpuPort *port, const MemVmapCpuType *type,
                       const MemVmapCpuFeatures *features);

/*
 * The calling CPU takes part from now on, as number `number`. It has no space of `cpus` loaded, and no global
 * entries of any; what it may have cached under ASIDs other than 0 does not matter. One that has left joins again with
 * the memory and the number that it had, as long as a lookup that began on it may still be under way.
 * 0; MEM_EINVAL: a null pointer, the number is MEM_VMAP_CPUS or higher, or not 0 although there is one CPU; a CPU
 * of that number takes part already; or ASIDs are the machine's, and there are not two for each CPU up to this
 * number and two more. Context: on that CPU, interrupts off; `here` need not know it yet, but must before
 * interrupts are on again.
 */
int mem_vmap_cpu_join(MemVmapCpu *cpu, MemVmapCpus *cpus, unsigned number);

/*
 * The calling CPU takes part no longer: it is about to be switched off, or has loaded a root that is not the
 * library's. Unless it goes off without using another address, it flushes its global entries, and those of ASID 0
 * where the load has not done so, after that load and before this call: nobody waits for it any more. Does nothing
 * for a CPU that takes no part. Context: on that CPU, interrupts off.
 */
void mem_vmap_cpu_leave(MemVmapCpu *cpu);

/*
 * Does what other CPUs wait for. Called by the handler of the interrupt that `interrupt` sends; to call it at
 * any other time is harmless. Context: on that CPU, interrupts off; takes no lock.
 */
void mem_vmap_cpu_serve(MemVmapCpu *cpu);

/*
 * The calling CPU will use no address of the lower half until it calls mem_vmap_switch_to: it runs kernel
 * threads, or is idle. It keeps its root, but is interrupted only for tables that go and for the upper half.
 * Context: on that CPU, interrupts off.
 */
void mem_vmap_cpu_idle(MemVmapCpu *cpu);

/* The space that a CPU has loaded, or null. Context: on that CPU. */
struct mem_vmap *mem_vmap_cpu_space(const MemVmapCpu *cpu);

#ifdef __cplusplus
}
#endif

#endif
