/* SPDX-License-Identifier: MIT */
#ifndef ORACLE_COMPARE_H
#define ORACLE_COMPARE_H

/*
 * Holds raw page tables against the flat model: two oracles that share nothing, and the engine between them is
 * not asked.
 */

#include "tools/model/model.h"
#include "tools/oracle/tree.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct OracleCall {
    OracleCpu cpu;
    const Model *model;
    uint8_t type_index[TRACE_TYPES]; /* where the space was told to find each memory type */
} OracleCall;

/* What the tables held, and what was expected, in words. */
typedef struct OracleDifference {
    char said[200];
    char expected[200];
} OracleDifference;

/*
 * Compares the whole tree: every leaf's address, size, effective rights and memory type, that nothing is
 * missing, and everything that oracle_survey finds wrong. Fills `*survey`. True where they are the same; otherwise
 * `*difference` is filled.
 */
bool oracle_compare(const OracleCall *call, OracleSurvey *survey, OracleDifference *difference);

/* Compares what a walk and the model say of one address. */
bool oracle_compare_at(const OracleCall *call, uint64_t virt, OracleDifference *difference);

#ifdef __cplusplus
}
#endif

#endif
