/* SPDX-License-Identifier: MIT */
#include "tests/exhaustive/scope.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE = 4096 };

/*
 * Spans of an odd number of pages are asked for by bytes inside their first and last page, the others to
 * the byte: both must mean the same pages. The whole of a 64-bit space cannot be asked for to the byte.
 */
static Operation operation_on(const Flat *flat, OperationKind kind, FlatSpan span)
{
    usize begin = flat_virt(flat, span.first), end = flat_virt(flat, span.last) + (PAGE - 1);
    if ((span.last - span.first) % 2 == 0) {
        begin += 0x800;
        end -= 0x100;
    }
    usize len = end - begin == SIZE_MAX ? SIZE_MAX : end - begin + 1;
    return (Operation){.kind = kind, .span = span, .virt = begin, .len = len};
}

static unsigned add_maps(const Scope *scope, Operation plain, Operation *operations)
{
    static const int caps[] = {0, MEM_VMAP_CAP_4K};
    unsigned count = 0, cap_count = scope->geometry.leaf_count > 1 ? 2 : 1;
    for (unsigned offset = 0; offset < scope->offset_count; offset++)
        for (unsigned flags = 0; flags < scope->flags_count; flags++)
            for (unsigned cap = 0; cap < cap_count; cap++) {
                usize frame = plain.span.first + scope->offsets[offset];
                operations[count] = plain;
                operations[count].phys = frame * PAGE + plain.virt % PAGE;
                operations[count++].flags = scope->flags[flags] | caps[cap];
            }
    return count;
}

static unsigned add_all_on(const Scope *scope, const Flat *flat, FlatSpan span, Operation *operations)
{
    unsigned count = add_maps(scope, operation_on(flat, OPERATION_MAP, span), operations);
    operations[count++] = operation_on(flat, OPERATION_UNMAP, span);
    operations[count++] = operation_on(flat, OPERATION_COLLAPSE, span);
    for (unsigned rights = 0; rights < scope->rights_count; rights++) {
        operations[count] = operation_on(flat, OPERATION_PROTECT, span);
        operations[count++].flags = scope->rights[rights];
    }
    return count;
}

Operation *operations_make(const Scope *scope, unsigned *count)
{
    unsigned pages = scope->last - scope->first + 1, spans = pages * (pages + 1) / 2;
    unsigned on_each = scope->offset_count * scope->flags_count * 2 + 2 + scope->rights_count;
    Operation *operations = calloc((size_t)spans * on_each + scope->reserve_count, sizeof *operations);
    Flat flat = {.geometry = &scope->geometry, .count = pages};
    if (operations == NULL)
        abort();
    *count = 0;
    for (unsigned first = scope->first; first <= scope->last; first++)
        for (unsigned last = first; last <= scope->last; last++)
            *count += add_all_on(scope, &flat, (FlatSpan){first, last}, operations + *count);
    for (unsigned i = 0; i < scope->reserve_count; i++)
        operations[(*count)++] = (Operation){.kind = OPERATION_RESERVE, .reserve = scope->reserves[i]};
    return operations;
}

static void print_flags(int flags, char *text, size_t size)
{
    snprintf(text, size, "r%s%s%s%s%s%s", flags & MEM_VMAP_WRITE ? "w" : "",
             flags & MEM_VMAP_EXEC ? "x" : "", flags & MEM_VMAP_USER ? "u" : "",
             flags & MEM_VMAP_GLOBAL ? "g" : "", flags & MEM_VMAP_CAP_4K ? ",4k" : "",
             flags & MEM_VMAP_NO_RESERVE ? ",noreserve" : "");
}

void operation_print(const Operation *operation, char *text, size_t size)
{
    char flags[40];
    print_flags(operation->flags, flags, sizeof flags);
    switch (operation->kind) {
    case OPERATION_MAP:
        snprintf(text, size, "map 0x%zx 0x%zx 0x%zx %s%s%s", operation->phys, operation->virt,
                 operation->len, flags, operation->flags & MEM_VMAP_ACCESSED ? "   # accessed" : "",
                 operation->flags & MEM_VMAP_DIRTY ? "   # dirty" : "");
        return;
    case OPERATION_UNMAP:
        snprintf(text, size, "unmap 0x%zx 0x%zx", operation->virt, operation->len);
        return;
    case OPERATION_PROTECT:
        snprintf(text, size, "protect 0x%zx 0x%zx %s", operation->virt, operation->len, flags);
        return;
    case OPERATION_COLLAPSE:
        snprintf(text, size, "collapse 0x%zx 0x%zx", operation->virt, operation->len);
        return;
    case OPERATION_RESERVE:
        snprintf(text, size, "# mem_vmap_reserve of %zu pages", operation->reserve);
        return;
    }
}
