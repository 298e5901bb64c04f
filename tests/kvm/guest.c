/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* MAP_ANONYMOUS, MAP_NORESERVE */
#include "tests/kvm/guest.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

struct Guest {
    int kvm, vm, cpu;
    uint8_t *memory;
    struct kvm_run *run;
    size_t run_size;
};

/*
 * The guest's code. At level 3, with %r15 the probe: %r13 is where executed code comes back to, %r14 where a fault
 * goes on. The handler at level 0 leaves the error code and CR2 in the probe. A write to port 0xf5 ends it all.
 */
__asm__(".pushsection .rodata\n"
        ".globl guest_user_code, guest_user_code_end, guest_handler, guest_handler_end\n"
        "guest_user_code:\n"
        "    lea executed(%rip), %r13\n"
        "    lea next(%rip), %r14\n"
        "again:\n"
        "    mov (%r15), %rdi\n"
        "    mov 8(%r15), %rax\n"
        "    cmp $1, %rax\n"
        "    jb 0f\n"
        "    je 1f\n"
        "    cmp $2, %rax\n"
        "    je 2f\n"
        "    out %al, $0xf5\n"
        "0:  mov (%rdi), %rbx\n"
        "    mov %rbx, 16(%r15)\n"
        "    jmp reached\n"
        "1:  mov 16(%r15), %rbx\n"
        "    mov %rbx, (%rdi)\n"
        "    jmp reached\n"
        "2:  jmp *%rdi\n"
        "executed:\n"
        "    mov %rbx, 16(%r15)\n"
        "reached:\n"
        "    movq $0x100, 24(%r15)\n"
        "next:\n"
        "    add $32, %r15\n"
        "    jmp again\n"
        "guest_user_code_end:\n"
        "guest_handler:\n"
        "    pop %rbx\n"
        "    mov %rbx, 24(%r15)\n"
        "    mov %cr2, %rbx\n"
        "    mov %rbx, 16(%r15)\n"
        "    mov %r14, (%rsp)\n"
        "    iretq\n"
        "guest_handler_end:\n"
        ".popsection\n");
extern const uint8_t guest_user_code[], guest_user_code_end[], guest_handler[], guest_handler_end[];

/* mov $value, %ebx; jmp *%r13 */
void guest_write_code(uint8_t *where, uint32_t value)
{
    where[0] = 0xbb;
    memcpy(where + 1, &value, 4);
    memcpy(where + 5, (const uint8_t[]){0x41, 0xff, 0xe5}, 3);
}

/* Selectors of the guest's descriptor table, and its place and that of what it points to. SDM vol. 3A, 3.4 and 7.2. */
enum { CODE = 0x08, DATA = 0x10, USER_DATA = 0x18 | 3, USER_CODE = 0x20 | 3, TSS = 0x28, SEGMENTS = 8 };
enum {
    GDT_AT = GUEST_DATA,
    IDT_AT = GUEST_DATA + 0x100,
    TSS_AT = GUEST_DATA + 0x800,
    STACK_AT = GUEST_DATA + 0x2000
};
enum { PAGE_FAULT = 14, GATES = 15 };

static uint8_t *at(const Guest *guest, uint64_t offset)
{
    return guest->memory + GUEST_SYSTEM_PHYS + offset;
}

static void write_tables(const Guest *guest)
{
    uint64_t tss = GUEST_SYSTEM_VIRT + TSS_AT, stack = GUEST_SYSTEM_VIRT + STACK_AT;
    uint64_t handler = GUEST_SYSTEM_VIRT + GUEST_CODE;
    uint64_t segments[SEGMENTS] = {[CODE >> 3] = 0x00af9b000000ffff,
                                   [DATA >> 3] = 0x00cf93000000ffff,
                                   [USER_DATA >> 3] = 0x00cff3000000ffff,
                                   [USER_CODE >> 3] = 0x00affb000000ffff,
                                   [TSS >> 3] = 0x67 | (tss & 0xffffff) << 16 | (uint64_t)0x8b << 40 |
                                                (tss >> 24 & 0xff) << 56,
                                   [(TSS >> 3) + 1] = tss >> 32};
    uint64_t gate[2] = {(handler & 0xffff) | (uint64_t)CODE << 16 | (uint64_t)0x8e00 << 32 |
                            (handler >> 16 & 0xffff) << 48,
                        handler >> 32};
    memcpy(at(guest, GDT_AT), segments, sizeof segments);
    memcpy(at(guest, IDT_AT + 16 * PAGE_FAULT), gate, sizeof gate);
    memcpy(at(guest, TSS_AT + 4), &stack, sizeof stack);
}

static void write_code(const Guest *guest)
{
    memcpy(at(guest, GUEST_USER_CODE), guest_user_code, (size_t)(guest_user_code_end - guest_user_code));
    memcpy(at(guest, GUEST_CODE), guest_handler, (size_t)(guest_handler_end - guest_handler));
}

static struct kvm_segment segment(uint16_t selector, uint8_t type, uint8_t level)
{
    return (struct kvm_segment){.limit = 0xffffffff,
                                .selector = selector,
                                .type = type,
                                .present = 1,
                                .dpl = level,
                                .db = (type & 8) == 0,
                                .s = 1,
                                .l = (type & 8) != 0,
                                .g = 1};
}

static bool set_registers(const Guest *guest, unsigned levels, uint64_t root)
{
    struct kvm_sregs system;
    if (ioctl(guest->cpu, KVM_GET_SREGS, &system) != 0)
        return false;
    system.cs = segment(USER_CODE, 11, 3);
    system.ds = system.es = system.fs = system.gs = system.ss = segment(USER_DATA, 3, 3);
    system.tr = (struct kvm_segment){
        .base = GUEST_SYSTEM_VIRT + TSS_AT, .limit = 0x67, .selector = TSS, .type = 11, .present = 1};
    system.gdt = (struct kvm_dtable){.base = GUEST_SYSTEM_VIRT + GDT_AT, .limit = SEGMENTS * 8 - 1};
    system.idt = (struct kvm_dtable){.base = GUEST_SYSTEM_VIRT + IDT_AT, .limit = GATES * 16 - 1};
    system.cr0 = 0x80010033;                                   /* PG, WP, NE, ET, MP, PE */
    system.cr4 = 0xa0 | (levels == 5 ? (uint64_t)1 << 12 : 0); /* PGE, PAE; LA57 */
    system.cr3 = root;
    system.efer = 0xd00; /* NXE, LMA, LME */
    struct kvm_regs registers = {.rip = GUEST_SYSTEM_VIRT + GUEST_USER_CODE,
                                 .rflags = 0x3002, /* IOPL 3 */
                                 .r15 = GUEST_SYSTEM_VIRT + GUEST_PROBES};
    return ioctl(guest->cpu, KVM_SET_SREGS, &system) == 0 &&
           ioctl(guest->cpu, KVM_SET_REGS, &registers) == 0;
}

/* The guest's CPU is the host's. */
static bool set_cpuid(const Guest *guest)
{
    enum { ENTRIES = 256 };
    struct kvm_cpuid2 *cpuid = calloc(1, sizeof *cpuid + ENTRIES * sizeof cpuid->entries[0]);
    if (!cpuid)
        return false;
    cpuid->nent = ENTRIES;
    bool set = ioctl(guest->kvm, KVM_GET_SUPPORTED_CPUID, cpuid) == 0 &&
               ioctl(guest->cpu, KVM_SET_CPUID2, cpuid) == 0;
    free(cpuid);
    return set;
}

static bool add_memory(const Guest *guest)
{
    struct kvm_userspace_memory_region region = {.memory_size = GUEST_MEMORY_SIZE,
                                                 .userspace_addr = (uint64_t)(uintptr_t)guest->memory};
    return ioctl(guest->vm, KVM_SET_USER_MEMORY_REGION, &region) == 0;
}

static const char *start(Guest *guest, unsigned levels, uint64_t root)
{
    guest->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (guest->kvm < 0)
        return "/dev/kvm does not open";
    guest->vm = ioctl(guest->kvm, KVM_CREATE_VM, 0);
    if (guest->vm < 0)
        return "KVM_CREATE_VM is refused";
    guest->cpu = ioctl(guest->vm, KVM_CREATE_VCPU, 0);
    int size = ioctl(guest->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (guest->cpu < 0 || size <= 0)
        return "KVM_CREATE_VCPU is refused";
    guest->run_size = (size_t)size;
    guest->run = mmap(NULL, guest->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, guest->cpu, 0);
    if (guest->run == MAP_FAILED || !add_memory(guest) || !set_cpuid(guest))
        return "memory or CPUID is refused";
    write_tables(guest);
    write_code(guest);
    return set_registers(guest, levels, root) ? NULL : "these registers are refused";
}

uint8_t *guest_memory_new(void)
{
    void *memory = mmap(NULL, GUEST_MEMORY_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

Guest *guest_new(uint8_t *memory, unsigned levels, uint64_t root, const char **reason)
{
    Guest *guest = calloc(1, sizeof *guest);
    if (!guest)
        abort();
    *guest = (Guest){.kvm = -1, .vm = -1, .cpu = -1, .memory = memory, .run = MAP_FAILED};
    *reason = start(guest, levels, root);
    if (!*reason)
        return guest;
    guest_free(guest);
    return NULL;
}

void guest_free(Guest *guest)
{
    if (guest->run != MAP_FAILED)
        munmap(guest->run, guest->run_size);
    const int files[] = {guest->cpu, guest->vm, guest->kvm};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i] >= 0)
            close(files[i]);
    free(guest);
}

bool guest_run(Guest *guest, Probe *probes, size_t count, const char **reason)
{
    static char text[100];
    Probe *list = (Probe *)at(guest, GUEST_PROBES);
    memcpy(list, probes, count * sizeof *probes);
    list[count] = (Probe){.kind = UINT64_MAX};
    if (ioctl(guest->cpu, KVM_RUN, 0) != 0) {
        *reason = "KVM_RUN is refused";
        return false;
    }
    memcpy(probes, list, count * sizeof *probes);
    if (guest->run->exit_reason == KVM_EXIT_IO && guest->run->io.port == 0xf5)
        return true;
    *reason = text;
    snprintf(text, sizeof text, "the guest stopped with exit reason %u", guest->run->exit_reason);
    return false;
}
