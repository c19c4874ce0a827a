// What a program needs that checks an implementation: gptoss.hpp, and recording a run, holding it
// against another, and naming the likely mistake.
//
//     dump::Recorder recorder(config);  transformer.feed(tokens, LogitRows::all, &recorder);
//     const compare::Comparison c = compare::compare_dumps(reference, other, {});
//     const diagnose::Diagnosis d = diagnose::diagnose_dump(...);
#pragma once
#include "gptoss/compare/compare.hpp"
#include "gptoss/diagnose/diagnose.hpp"
#include "gptoss/dump/dump.hpp"
#include "gptoss/dump/read_dump.hpp"
#include "gptoss/dump/recorder.hpp"
#include "gptoss/gptoss.hpp"
#include "gptoss/ops/bf16.hpp"
