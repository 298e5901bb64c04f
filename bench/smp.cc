/* SPDX-License-Identifier: MIT */
#include "bench/smp.h"

#include <cstdlib>

namespace
{

/* One for every space: one is measured at a time. On a cache line of its own. */
alignas(64) unsigned lock_word;

void lock(void *)
{
    while (__atomic_exchange_n(&lock_word, 1, __ATOMIC_ACQUIRE) != 0) {
        while (__atomic_load_n(&lock_word, __ATOMIC_RELAXED) != 0) {
        }
    }
}

void unlock(void *)
{
    __atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE);
}

void execute(void *, const MemVmapStep *, unsigned)
{
}

MemVmapCpu *here(void *cpu)
{
    return static_cast<MemVmapCpu *>(cpu);
}

/* What was measured would not be what the name says. */
void interrupt_nobody(void *, const MemVmapCpuSet *)
{
    abort();
}

} // namespace

Cpus::Cpus(unsigned count) : count_(count)
{
    MemVmapCpuPort port = {};
    port.execute = execute;
    if (count > 1) {
        port.here = here;
        port.interrupt = interrupt_nobody;
        port.context = &cpu_[0];
    }
    MemVmapCpuFeatures features = {};
    features.asids = 4096;
    features.by_asid = features.globals = true;
    int code = mem_vmap_cpus_init(&cpus_, &port, mem_vmap_cpu_type_find("x86_64"), &features);
    for (unsigned i = 0; i < count && code == 0; i++)
        code = mem_vmap_cpu_join(&cpu_[i], &cpus_, i);
    if (code != 0)
        throw std::bad_alloc();
}

MemVmapPort Cpus::on(MemVmapPort port)
{
    port.invalidate_here = nullptr;
    port.cpus = &cpus_;
    if (count_ > 1) {
        port.lock = lock;
        port.unlock = unlock;
    }
    return port;
}

void Cpus::run(MemVmap *vmap)
{
    mem_vmap_switch_to(vmap);
}

void Cpus::stop()
{
    for (unsigned i = 0; i < count_; i++)
        mem_vmap_cpu_leave(&cpu_[i]);
}

SmpEngine::SmpEngine(const Machine &machine, const char *format)
    : Cpus(MOST), Engine(on(machine.port()), format, false)
{
    run(&vmap_);
}

SmpEngine::~SmpEngine()
{
    stop();
}

LoneEngine::LoneEngine(const Machine &machine, const char *format)
    : Cpus(1), Engine(on(machine.port()), format, false)
{
    run(&vmap_);
}

LoneEngine::~LoneEngine()
{
    stop();
}
