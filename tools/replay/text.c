/* SPDX-License-Identifier: MIT */
#include "tools/replay/internal.h"

#include <inttypes.h>
#include <stdio.h>

#include "tools/replay/convert.h"

const char *text_result(Text text, TraceResult result)
{
    snprintf(text, sizeof(Text), "%s", trace_result_name(result));
    return text;
}

const char *text_code(Text text, int code)
{
    if (code > MEM_OK || code < MEM_ECORRUPT) {
        snprintf(text, sizeof(Text), "%d, which is no code of mem/errors.h", code);
        return text;
    }
    return text_result(text, convert_code(code));
}

const char *text_phys(Text text, uint64_t phys)
{
    snprintf(text, sizeof(Text), "0x%" PRIx64, phys);
    return text;
}

const char *text_leaf(Text text, uint64_t phys, uint64_t size, TraceFlags flags)
{
    char size_text[TRACE_NAME_MAX], flags_text[TRACE_NAME_MAX];
    snprintf(text, sizeof(Text), "0x%" PRIx64 " %s %s", phys, trace_size_name(size, size_text),
             trace_flags_name(&flags, flags_text));
    return text;
}

const char *text_run(Text text, const ModelRun *run)
{
    char size_text[TRACE_NAME_MAX], flags_text[TRACE_NAME_MAX];
    snprintf(text, sizeof(Text), "0x%" PRIx64 " to 0x%" PRIx64 ", len 0x%" PRIx64 ", leaves of %s, %s",
             run->first, run->phys, run->last - run->first + 1, trace_size_name(run->size, size_text),
             trace_flags_name(&run->flags, flags_text));
    return text;
}

const char *text_number(Text text, const char *what, uint64_t number)
{
    snprintf(text, sizeof(Text), "%s: %" PRIu64, what, number);
    return text;
}

const char *text_translation(Text text, uint64_t virt, bool hit, uint64_t phys)
{
    if (hit)
        snprintf(text, sizeof(Text), "translate 0x%" PRIx64 ": 0x%" PRIx64, virt, phys);
    else
        snprintf(text, sizeof(Text), "translate 0x%" PRIx64 ": miss", virt);
    return text;
}

const char *text_lookup(Text text, uint64_t virt, TraceResult code, const ModelLeaf *leaf)
{
    Text answer;
    if (code == TRACE_OK)
        text_leaf(answer, leaf->phys, leaf->size, leaf->flags);
    else
        text_result(answer, code);
    snprintf(text, sizeof(Text), "lookup 0x%" PRIx64 ": %.150s", virt, answer);
    return text;
}

const char *text_loss(Text text, const char *what, uint64_t virt, uint64_t len)
{
    snprintf(text, sizeof(Text), "%s: 0x%" PRIx64 ", len 0x%" PRIx64, what, virt, len);
    return text;
}

const char *text_defect(Text text, const MemVmapDefect *defect)
{
    snprintf(text, sizeof(Text), "MEM_ECORRUPT: %s, at 0x%zx, level %u, entry 0x%" PRIx64,
             defect->rule ? defect->rule : "?", defect->virt, defect->level, defect->entry);
    return text;
}

ModelLeaf seen_leaf(const MemVmapLeaf *leaf)
{
    return (ModelLeaf){
        .phys = leaf->phys,
        .size = leaf->size,
        .flags = convert_leaf_flags(leaf->flags),
    };
}

ModelRun seen_run(const Layout *layout, const MemVmapRun *run)
{
    return (ModelRun){
        .first = run->virt,
        .last = run->virt + (run->len - 1),
        .phys = run->phys,
        .size = layout_entry_size(layout, run->level),
        .flags = convert_leaf_flags(run->flags),
    };
}
