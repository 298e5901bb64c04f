/* SPDX-License-Identifier: MIT */
#include "bench/registry.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

namespace
{

struct Settings {
    std::string traces = BENCH_TRACES;
    std::string filter;
    unsigned repetitions = 1;
    bool list = false, progress = false, file = false, growth = false;
};

/* The value of argument `text` where it is `name`VALUE, else null. */
const char *value_of(const char *text, const char *name)
{
    size_t length = strlen(name);
    return strncmp(text, name, length) == 0 ? text + length : nullptr;
}

/*
 * Whether the argument is for us alone. The library's own filter and list are among those: it would match
 * and show the names with how they are timed tacked on.
 */
bool take(Settings &settings, const char *argument)
{
    if (const char *directory = value_of(argument, "--traces="))
        settings.traces = directory;
    else if (const char *format = value_of(argument, "--format="))
        settings.filter = "^format/" + std::string(format) + "/";
    else if (const char *filter = value_of(argument, "--benchmark_filter="))
        settings.filter = strcmp(filter, "all") == 0 ? "" : filter;
    else if (strcmp(argument, "--benchmark_list_tests") == 0 ||
             value_of(argument, "--benchmark_list_tests="))
        settings.list = !strstr(argument, "=false");
    else if (strcmp(argument, "--progress") == 0)
        settings.progress = true;
    else if (strcmp(argument, "--growth") == 0)
        settings.growth = true;
    else
        return false;
    return true;
}

Settings parse(int &argc, char **argv)
{
    Settings settings;
    int kept = 1;
    for (int i = 1; i < argc; i++) {
        if (const char *repetitions = value_of(argv[i], "--benchmark_repetitions="))
            settings.repetitions = static_cast<unsigned>(strtoul(repetitions, nullptr, 10));
        if (value_of(argv[i], "--benchmark_out="))
            settings.file = true;
        if (!take(settings, argv[i]))
            argv[kept++] = argv[i];
    }
    argc = kept;
    return settings;
}

/* A reporter that leaves the names of the benchmarks as they were given. */
template <class Reporter> class PlainNames : public Reporter
{
  public:
    using Reporter::Reporter;

  private:
    using Run = benchmark::BenchmarkReporter::Run;

    void ReportRuns(const std::vector<Run> &runs) override
    {
        std::vector<Run> plain = runs;
        for (Run &run : plain) {
            run.run_name.time_type.clear();
            run.run_name.iterations.clear();
            run.run_name.repetitions.clear();
        }
        Reporter::ReportRuns(plain);
    }
};

/* Prints nothing: for runs that show their progress and keep their results in a file. */
class Silent : public benchmark::BenchmarkReporter
{
    bool ReportContext(const Context &) override
    {
        return true;
    }

    void ReportRuns(const std::vector<Run> &) override
    {
    }
};

void run(const Settings &settings)
{
    using benchmark::BenchmarkReporter;
    auto options = isatty(STDOUT_FILENO) ? benchmark::ConsoleReporter::OO_ColorTabular
                                         : benchmark::ConsoleReporter::OO_Tabular;
    std::unique_ptr<BenchmarkReporter> display(new PlainNames<benchmark::ConsoleReporter>(options)), file;
    if (settings.progress)
        display.reset(new Silent);
    if (settings.file)
        file.reset(new PlainNames<benchmark::JSONReporter>);
    benchmark::RunSpecifiedBenchmarks(display.get(), file.get());
}

/* How cost grows is measured apart: it takes memory, and minutes. */
void add_benchmarks(const Settings &settings)
{
    if (settings.growth) {
        add_growth_benchmarks();
        return;
    }
    add_range_benchmarks();
    add_translate_benchmarks();
    add_reference_benchmarks();
    add_trace_benchmarks(settings.traces.c_str());
    add_format_range_benchmarks();
    add_format_translate_benchmarks();
}

int main_or_throw(int argc, char **argv)
{
    Settings settings = parse(argc, argv);
    benchmark::AddCustomContext("compiler", BENCH_COMPILER);
    benchmark::AddCustomContext("flags", BENCH_FLAGS);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;

    add_benchmarks(settings);
    if (settings.list) {
        list_benchmarks(settings.filter);
        return 0;
    }

    unsigned repetitions = register_benchmarks(settings.filter, settings.repetitions);
    if (repetitions == 0) {
        fprintf(stderr, "vmap_bench: no benchmark matches '%s'\n", settings.filter.c_str());
        return 2;
    }
    show_progress(settings.progress ? repetitions : 0);
    run(settings);
    end_progress();
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    try {
        return main_or_throw(argc, argv);
    } catch (const std::invalid_argument &error) {
        fprintf(stderr, "vmap_bench: bad filter: %s\n", error.what());
        return 2;
    } catch (const std::bad_alloc &) {
        fputs("vmap_bench: out of memory\n", stderr);
        return 1;
    }
}
