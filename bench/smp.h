/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SMP_H
#define BENCH_SMP_H

/* MemVmap as a machine of several CPUs has it. */

#include "bench/space.h"

/*
 * Four CPUs, of which the first has the space loaded and makes the calls: nobody else is to be told. A spin lock
 * that nobody contends for. The instructions that a shootdown executes on this CPU are left out.
 */
class SmpCpus
{
  public:
    SmpCpus();
    SmpCpus(const SmpCpus &) = delete;
    SmpCpus &operator=(const SmpCpus &) = delete;

    /* The port, with these CPUs and the lock. */
    MemVmapPort on(MemVmapPort port);

    /* The first CPU loads the space. */
    void run(MemVmap *vmap);

    /* None takes part any more. */
    void stop();

  private:
    static constexpr unsigned COUNT = 4;

    MemVmapCpus cpus_;
    MemVmapCpu cpu_[COUNT];
};

class SmpEngine : private SmpCpus, public Engine
{
  public:
    static constexpr const char *prefix = "smp/";

    explicit SmpEngine(const Machine &machine, const char *format = nullptr);
    ~SmpEngine();
};

#endif
