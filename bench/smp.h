/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SMP_H
#define BENCH_SMP_H

/* MemVmap where the library knows the CPUs: several, or one. */

#include "bench/space.h"

/*
 * The first CPU has the space loaded and makes the calls: nobody else is to be told. Where there are several there is
 * a spin lock, that nobody contends for. The instructions that a shootdown executes on this CPU are left out.
 */
class Cpus
{
  public:
    static constexpr unsigned MOST = 4;

    explicit Cpus(unsigned count);
    Cpus(const Cpus &) = delete;
    Cpus &operator=(const Cpus &) = delete;

    /* The port, with these CPUs, and the lock. */
    MemVmapPort on(MemVmapPort port);

    /* The first CPU loads the space. */
    void run(MemVmap *vmap);

    /* None takes part any more. */
    void stop();

  private:
    unsigned count_;
    MemVmapCpus cpus_;
    MemVmapCpu cpu_[MOST];
};

class SmpEngine : private Cpus, public Engine
{
  public:
    static constexpr const char *prefix = "smp/";

    explicit SmpEngine(const Machine &machine, const char *format = nullptr);
    ~SmpEngine();
};

/* One CPU, and no lock: it has a software TLB. */
class LoneEngine : private Cpus, public Engine
{
  public:
    explicit LoneEngine(const Machine &machine, const char *format = nullptr);
    ~LoneEngine();
};

#endif
