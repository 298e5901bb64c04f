/* SPDX-License-Identifier: MIT */
#include "bench/space.h"

extern "C" {
#include "tools/replay/convert.h"
}

/* For 64 GiB of 1 GiB leaves with the tables that splitting all of them would need, twice over. */
static constexpr usize ARENA_PAGES = 1 << 17;

/* Never reached: pages go to the pool and come from it, and the host is not what is measured. */
static constexpr usize CACHE_PAGES = (usize)1 << 30;

static void forget_nothing(void *, const MemVmapPlan *)
{
}

Machine::Machine() : Machine(ARENA_PAGES)
{
}

Machine::Machine(usize pages) : host_(host_new(pages))
{
    if (!host_)
        throw std::bad_alloc();
    host_quiet(host_);
}

Machine::~Machine()
{
    host_free(host_);
}

MemVmapPort Machine::port() const
{
    MemVmapPort port = host_port(host_);
    port.invalidate_here = forget_nothing;
    return port;
}

Engine::Engine(const Machine &machine, const char *format, bool write_exec)
    : Engine(machine.port(), format, write_exec)
{
}

Engine::Engine(const MemVmapPort &port, const char *format, bool write_exec)
{
    const MemVmapFormat *is = format ? mem_vmap_format_find(format) : mem_vmap_format_at(0);
    MemVmapOptions options = {};
    options.cache_pages = CACHE_PAGES;
    options.allow_write_exec = write_exec;
    options.type_index =
        convert_type_index(mem_vmap_format_name(is)); /* traces may use every memory type */
    if (mem_vmap_init(&vmap_, &port, is, &options) != 0)
        throw std::bad_alloc();
}

Engine::~Engine()
{
    mem_vmap_destroy(&vmap_);
}

NaiveSpace::NaiveSpace(const Machine &machine, const char *, bool)
{
    MemVmapPort port = machine.port();
    if (naive_init(&naive_, &port) != 0)
        throw std::bad_alloc();
}

NaiveSpace::~NaiveSpace()
{
    naive_destroy(&naive_);
}
