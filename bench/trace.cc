/* SPDX-License-Identifier: MIT */
#include "bench/registry.h"
#include "bench/space.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <vector>

extern "C" {
#include "tools/replay/convert.h"
}
#include "tools/replay/replay.h"

namespace
{

/* One call, with nothing left to look up or convert. */
struct Call {
    TraceVerb verb;
    unsigned space;
    int flags;
    usize phys, virt, len;
};

struct SpaceKind {
    std::string format; /* empty: the default */
    bool write_exec;
};

struct Calls {
    std::vector<Call> calls;
    std::vector<SpaceKind> spaces;
    Work work = {0, 0};
    usize failures = 0; /* calls that fail when the trace is replayed */
    std::string wrong;  /* why it cannot be measured; empty: it can */
};

/* Fresh spaces for one replay, and the replay. */
template <class Space> class Stage
{
  public:
    Stage(const Machine &machine, const Calls &trace) : trace_(trace)
    {
        for (const SpaceKind &kind : trace.spaces) {
            const char *format = kind.format.empty() ? nullptr : kind.format.c_str();
            spaces_.push_back(std::make_unique<Space>(machine, format, kind.write_exec));
        }
    }

    int apply(const Call &call)
    {
        Space &space = *spaces_[call.space];
        switch (call.verb) {
        case TRACE_MAP:
            return space.map(call.phys, call.virt, call.len, call.flags);
        case TRACE_UNMAP:
            space.unmap(call.virt, call.len);
            return 0;
        case TRACE_PROTECT:
            return space.protect(call.virt, call.len, call.flags);
        case TRACE_COLLAPSE:
            return space.collapse(call.virt, call.len);
        default:
            benchmark::DoNotOptimize(space.translate(call.virt));
            return 0;
        }
    }

    /* Returns how many calls failed. */
    usize replay()
    {
        usize failures = 0;
        for (const Call &call : trace_.calls)
            failures += apply(call) != 0;
        return failures;
    }

    usize translate(unsigned space, usize virt)
    {
        return spaces_[space]->translate(virt);
    }

    bool sound()
    {
        return std::all_of(spaces_.begin(), spaces_.end(), [](auto &space) { return space->sound(); });
    }

  private:
    const Calls &trace_;
    std::vector<std::unique_ptr<Space>> spaces_;
};

/* Turns the operations of a trace into calls. */
class Reader
{
  public:
    explicit Reader(Calls &out) : out_(out)
    {
        add_space(0, {"", false});
    }

    void read(const TraceOp &op)
    {
        switch (op.verb) {
        case TRACE_SPACE:
            add_space(op.number, {op.name ? op.name : "", op.write_exec});
            break;
        case TRACE_SELECT:
            selected_ = numbers_.at(op.number);
            break;
        case TRACE_MAP:
            out_.work.pages += static_cast<double>((op.len + 4095) / 4096);
            add_call(op);
            break;
        case TRACE_UNMAP:
        case TRACE_PROTECT:
        case TRACE_COLLAPSE:
        case TRACE_TRANSLATE:
        case TRACE_LOOKUP:
            add_call(op);
            break;
        case TRACE_CPU:
        case TRACE_SWITCH:
        case TRACE_TABLES:
        case TRACE_VERIFY:
            break;
        case TRACE_BATCH_BEGIN:
        case TRACE_BATCH_END:
        case TRACE_ACCESS:
        case TRACE_FAIL_ONCE:
        case TRACE_FAIL_FROM:
        case TRACE_FAIL_NEVER:
            out_.wrong = std::string("the naive baseline has no ") + trace_verb_name(op.verb);
            break;
        }
    }

  private:
    void add_space(uint64_t number, const SpaceKind &kind)
    {
        selected_ = static_cast<unsigned>(out_.spaces.size());
        numbers_[number] = selected_;
        out_.spaces.push_back(kind);
    }

    void add_call(const TraceOp &op)
    {
        out_.calls.push_back({op.verb, selected_, convert_flags(&op.flags), op.phys, op.virt, op.len});
        out_.work.calls++;
    }

    Calls &out_;
    std::map<uint64_t, unsigned> numbers_;
    unsigned selected_ = 0;
};

void read_file(Calls &out, const std::string &path)
{
    Trace trace;
    TraceError error;
    ReplayOptions options = {};
    if (trace_parse_file(&trace, path.c_str(), &error) != 0 ||
        replay_validate(&trace, &options, &error) != 0) {
        out.wrong = error.message;
        return;
    }
    Reader reader(out);
    for (size_t i = 0; i < trace.count; i++)
        reader.read(trace.ops[i]);
    trace_free(&trace);
}

/* Whether both map the first and the last page of what the call concerns to the same frames. */
bool agree_on(const Call &call, Stage<Engine> &engine, Stage<NaiveSpace> &naive)
{
    for (usize virt : {call.virt, call.virt + (call.len ? call.len - 1 : 0)}) {
        if (engine.translate(call.space, virt) != naive.translate(call.space, virt))
            return false;
    }
    return true;
}

/* Replays the trace on both, comparing every result and, at the end, the translations. */
void compare(Calls &trace)
{
    Machine engine_machine, naive_machine;
    Stage<Engine> engine(engine_machine, trace);
    Stage<NaiveSpace> naive(naive_machine, trace);
    for (const Call &call : trace.calls) {
        int code = engine.apply(call);
        trace.failures += code != 0;
        if (code != naive.apply(call))
            trace.wrong = "MemVmap and the naive baseline answer differently";
    }
    for (const Call &call : trace.calls) {
        if (!agree_on(call, engine, naive))
            trace.wrong = "MemVmap and the naive baseline translate differently";
    }
    if (!engine.sound())
        trace.wrong = "a space does not verify";
}

/* A file, read when it is first wanted: listing the benchmarks takes no time. */
class LazyTrace
{
  public:
    explicit LazyTrace(const std::string &path) : path_(path)
    {
    }

    const Calls &get()
    {
        if (!calls_) {
            calls_ = std::make_unique<Calls>();
            read_file(*calls_, path_);
            if (calls_->wrong.empty())
                compare(*calls_);
        }
        return *calls_;
    }

  private:
    std::string path_;
    std::unique_ptr<Calls> calls_;
};

template <class Space> const char *run_trace(benchmark::State &state, const Calls &trace)
{
    if (!trace.wrong.empty())
        return trace.wrong.c_str();
    Machine machine;
    std::unique_ptr<Stage<Space>> stage;
    usize failures = 0;
    auto prepare = [&] {
        stage.reset(); /* its pages are the next one's */
        stage = std::make_unique<Stage<Space>>(machine, trace);
    };
    timed(state, trace.work, prepare, [&] { failures += stage->replay(); });
    usize expected = static_cast<usize>(state.iterations()) * trace.failures;
    return failures == expected ? nullptr : "the replay went differently this time";
}

template <class Space> void add(const std::string &name, const std::shared_ptr<LazyTrace> &trace)
{
    auto run = [trace](benchmark::State &state) { return run_trace<Space>(state, trace->get()); };
    add_benchmark(Space::prefix + ("trace/" + name), run);
}

} // namespace

void add_trace_benchmarks(const char *directory)
{
    constexpr const char *SUFFIX = ".trace.gz";
    std::map<std::string, std::string> paths; /* by name, so in a fixed order */
    std::error_code none;
    for (const auto &entry : std::filesystem::directory_iterator(directory, none)) {
        std::string name = entry.path().filename();
        size_t end = name.find(SUFFIX);
        if (end != std::string::npos && end + strlen(SUFFIX) == name.size())
            paths[name.substr(0, end)] = entry.path();
    }
    for (const auto &[name, path] : paths) {
        auto trace = std::make_shared<LazyTrace>(path);
        add<Engine>(name, trace);
        add<NaiveSpace>(name, trace);
    }
}
