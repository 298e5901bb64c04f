/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SPACE_H
#define BENCH_SPACE_H

/*
 * What is measured: MemVmap and the naive baseline behind the same members, so that every benchmark is
 * written once, as a template. The members are inline and add nothing to a call.
 */

#include "bench/naive.h"
#include "tools/host/host.h"

#include <new>

/* A machine of one CPU, whose shootdown hook does nothing and whose pages are left as they are. */
class Machine
{
  public:
    Machine();
    explicit Machine(usize pages); /* for tables */
    ~Machine();
    Machine(const Machine &) = delete;
    Machine &operator=(const Machine &) = delete;

    MemVmapPort port() const;

  private:
    Host *host_;
};

class Engine
{
  public:
    static constexpr const char *prefix = "";

    /* `format`: a name as mem_vmap_format_find takes it, or null. */
    explicit Engine(const Machine &machine, const char *format = nullptr, bool write_exec = false);
    ~Engine();
    Engine(const Engine &) = delete;
    Engine &operator=(const Engine &) = delete;

    int map(usize phys, usize virt, usize len, int flags)
    {
        return mem_vmap_map(&vmap_, phys, virt, len, flags);
    }

    void unmap(usize virt, usize len)
    {
        mem_vmap_unmap(&vmap_, virt, len);
    }

    int protect(usize virt, usize len, int flags)
    {
        return mem_vmap_protect(&vmap_, virt, len, flags);
    }

    usize translate(usize virt)
    {
        return mem_vmap_translate(&vmap_, virt);
    }

    int collapse(usize virt, usize len)
    {
        return mem_vmap_collapse(&vmap_, virt, len);
    }

    bool sound()
    {
        return mem_vmap_verify(&vmap_, nullptr) == 0;
    }

    MemVmapStats stats()
    {
        MemVmapStats stats = {};
        mem_vmap_stats(&vmap_, &stats);
        return stats;
    }

  protected:
    Engine(const MemVmapPort &port, const char *format, bool write_exec);

    MemVmap vmap_;
};

class NaiveSpace
{
  public:
    static constexpr const char *prefix = "naive/";

    explicit NaiveSpace(const Machine &machine, const char *format = nullptr, bool write_exec = false);
    ~NaiveSpace();
    NaiveSpace(const NaiveSpace &) = delete;
    NaiveSpace &operator=(const NaiveSpace &) = delete;

    int map(usize phys, usize virt, usize len, int flags)
    {
        return naive_map(&naive_, phys, virt, len, flags);
    }

    void unmap(usize virt, usize len)
    {
        naive_unmap(&naive_, virt, len);
    }

    int protect(usize virt, usize len, int flags)
    {
        return naive_protect(&naive_, virt, len, flags);
    }

    usize translate(usize virt)
    {
        return naive_translate(&naive_, virt);
    }

    int collapse(usize, usize)
    {
        return 0; /* it has pages only */
    }

    bool sound()
    {
        return true; /* what it translates is all that can be asked of it */
    }

    const Naive &raw() const
    {
        return naive_;
    }

  private:
    Naive naive_;
};

#endif
