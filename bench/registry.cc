/* SPDX-License-Identifier: MIT */
#include "bench/registry.h"

#include <regex.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <vector>

namespace
{

using Clock = std::chrono::steady_clock;

struct Entry {
    std::string name;
    Run run;
    Effort effort;
};

std::vector<Entry> entries;

/*
 * Repetitions are counted from outside the library that runs them: it calls a benchmark again and again
 * with more and more iterations until they take long enough, and takes the last such call as the
 * first repetition.
 */
class Progress
{
  public:
    void expect(unsigned repetitions)
    {
        total_ = repetitions;
    }

    void note(const std::string &name, int64_t iterations)
    {
        bool calibrating = name == name_ && iterations > iterations_;
        name_ = name;
        iterations_ = iterations;
        if (total_ == 0 || calibrating)
            return;
        done_++;
        show();
    }

    void finish() const
    {
        if (total_ != 0 && terminal_)
            fputs("\r\033[K", stderr);
    }

  private:
    void show()
    {
        if (!terminal_ && Clock::now() - shown_ < std::chrono::seconds(10))
            return;
        const char *form = terminal_ ? "\r\033[K   %u of %u: %s" : "   %u of %u: %s\n";
        fprintf(stderr, form, done_, total_, name_.c_str());
        shown_ = Clock::now();
    }

    const bool terminal_ = isatty(STDERR_FILENO) != 0;
    unsigned total_ = 0, done_ = 0;
    std::string name_;
    int64_t iterations_ = 0;
    Clock::time_point shown_;
};

Progress progress;

/* Matches as the library's own filter does: anywhere in the name; a leading `-` is for all but those. */
class Filter
{
  public:
    explicit Filter(const std::string &text) : wanted_(text.empty() || text[0] != '-')
    {
        int code = regcomp(&pattern_, text.c_str() + (wanted_ ? 0 : 1), REG_EXTENDED | REG_NOSUB);
        if (code == 0)
            return;
        char message[200];
        regerror(code, &pattern_, message, sizeof message);
        throw std::invalid_argument(message);
    }

    ~Filter()
    {
        regfree(&pattern_);
    }

    Filter(const Filter &) = delete;
    Filter &operator=(const Filter &) = delete;

    bool passes(const std::string &name) const
    {
        return (regexec(&pattern_, name.c_str(), 0, nullptr, 0) == 0) == wanted_;
    }

  private:
    regex_t pattern_;
    bool wanted_;
};

std::vector<Entry> matching(const std::string &text)
{
    Filter filter(text);
    std::vector<Entry> found;
    for (const Entry &entry : entries) {
        if (filter.passes(entry.name))
            found.push_back(entry);
    }
    return found;
}

void hand_over(const Entry &entry)
{
    auto function = [entry](benchmark::State &state) {
        progress.note(entry.name, static_cast<int64_t>(state.max_iterations));
        const char *wrong = entry.run(state);
        if (wrong)
            state.SkipWithError(wrong);
    };
    auto *added = benchmark::RegisterBenchmark(entry.name.c_str(), function)->UseManualTime();
    if (entry.effort.iterations)
        added->Iterations(entry.effort.iterations);
    if (entry.effort.repetitions)
        added->Repetitions(entry.effort.repetitions);
}

} // namespace

void add_benchmark(const std::string &name, const Run &run, Effort effort)
{
    entries.push_back({name, run, effort});
}

void list_benchmarks(const std::string &filter)
{
    for (const Entry &entry : matching(filter))
        puts(entry.name.c_str());
}

unsigned register_benchmarks(const std::string &filter, unsigned repetitions)
{
    unsigned total = 0;
    for (const Entry &entry : matching(filter)) {
        hand_over(entry);
        total += entry.effort.repetitions ? static_cast<unsigned>(entry.effort.repetitions) : repetitions;
    }
    return total;
}

void show_progress(unsigned repetitions)
{
    progress.expect(repetitions);
}

void end_progress()
{
    progress.finish();
}
