// course_runner: what scripts/course asks about a student's program. All verdicts are made here.
//
//     course_runner check rmsnorm PROGRAM --serves rmsnorm --seed 7     one JSON object
//     course_runner plant SEED FOLDER                                   the bug hunt's dumps
//
// PROGRAM serves the student's functions (course/serve.hpp). The hidden calls go to a process that
// has not seen the others, and nothing but their count is told.
#include <cctype>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "in_model.hpp"
#include "lessons.hpp"
#include "plant.hpp"
#include "student.hpp"

namespace gptoss::course {
namespace {

constexpr int kHiddenInputs = 8;

using Json = nlohmann::ordered_json;

Exercise exercise_named(const std::string& name) {
    for (auto* lesson : {lesson_1, lesson_2, lesson_3, lesson_4, lesson_5, lesson_6, lesson_7,
                         lesson_8, lesson_9}) {
        for (const Exercise& exercise : lesson()) {
            if (name == exercise.name) return exercise;
        }
    }
    throw Error("course_runner: no exercise is named " + name);
}

// What two lists of numbers differ by, or nothing.
std::string difference_text(const Numbers& got, const Numbers& expected) {
    const int at = first_difference(got, expected);
    if (at < 0) return "";
    if (std::size_t(at) >= std::min(got.size(), expected.size())) {
        return std::to_string(got.size()) + " numbers, expected " + std::to_string(expected.size());
    }
    const std::size_t i = std::size_t(at);
    return "number " + std::to_string(at) + " is " + number_text(got[i]) + ", expected " +
           number_text(expected[i]);
}

// A student's text on somebody's terminal: one line, no control characters.
std::string shown(std::string text) {
    for (char& letter : text) {
        if (std::iscntrl(static_cast<unsigned char>(letter)) != 0) letter = ' ';
    }
    return text.substr(0, 300);
}

// Runs what calls the student's function; what it threw is a note.
template <class Run>
std::string note_of(const Run& run) {
    try {
        return run();
    } catch (const Ended&) {
        throw;
    } catch (const StudentError& error) {
        return "it threw: " + shown(error.what());
    }
}

void check_worked(const Exercise& exercise, Json& report) {
    for (const WorkedCase& c : exercise.worked) {
        const std::string note = note_of([&c] { return difference_text(c.run(), c.expected); });
        report["worked"].push_back({{"name", c.name}, {"passed", note.empty()}, {"note", note}});
    }
}

Finding find_in_place(const Exercise& exercise) {
    if (exercise.run != nullptr) return exercise.run();
    if (exercise.place == nullptr) return run_in_model();
    Numbers expected;
    {
        const Detached detached;
        expected = exercise.place();
    }
    const std::string note = difference_text(exercise.place(), expected);
    return {note.empty(), note};
}

void check_place(const Exercise& exercise, Json& report) {
    Finding finding;
    const std::string thrown = note_of([&] {
        finding = find_in_place(exercise);
        return std::string();
    });
    const bool passed = finding.is_right && thrown.empty();
    report["place"] = {{"where", exercise.place == nullptr ? "in a model" : exercise.where},
                       {"passed", passed},
                       {"note", thrown.empty() ? finding.text : thrown},
                       {"pitfall", finding.pitfall},
                       {"mistake", finding.mistake}};
}

// From a process that has exited nothing comes back, and from what it throws no text is shown.
int hidden_right(const Exercise& exercise, std::uint64_t seed) {
    int n_right = 0;
    for (int n = 0; n < kHiddenInputs; ++n) {
        const std::string name = std::string(exercise.name) + " " + std::to_string(n);
        Random random(seed, name);
        Random same(seed, name);
        Numbers expected;
        {
            const Detached detached;
            expected = exercise.hidden(random);
        }
        const std::string note =
            note_of([&] { return difference_text(exercise.hidden(same), expected); });
        n_right += note.empty();
    }
    return n_right;
}

std::set<std::string> split(const std::string& list) {
    std::set<std::string> parts;
    std::stringstream stream(list);
    for (std::string part; std::getline(stream, part, ',');) {
        parts.insert(part);
    }
    return parts;
}

int check(const std::string& name, const std::string& program, const std::string& serves,
          std::uint64_t seed) {
    const Exercise exercise = exercise_named(name);
    Json report{{"exercise", name}, {"worked", Json::array()}, {"ended", ""}};
    try {
        {
            const Student student(program, split(serves));
            check_worked(exercise, report);
            check_place(exercise, report);
        }
        const Student student(program, split(serves));
        report["hidden"] = {{"passed", hidden_right(exercise, seed)}, {"of", kHiddenInputs}};
    } catch (const Ended& ended) {
        report["ended"] = ended.what();
    }
    std::cout << report.dump(-1, ' ', true, Json::error_handler_t::replace) << "\n";
    return 0;
}

int run(const std::vector<std::string>& words) {
    if (words.size() == 7 && words[0] == "check" && words[3] == "--serves" &&
        words[5] == "--seed") {
        return check(words[1], words[2], words[4], std::stoull(words[6]));
    }
    if (words.size() == 3 && words[0] == "plant") return plant(std::stoull(words[1]), words[2]);
    std::fprintf(stderr,
                 "usage: course_runner check EXERCISE PROGRAM --serves LIST --seed N\n"
                 "       course_runner plant SEED FOLDER\n");
    return 2;
}

}  // namespace
}  // namespace gptoss::course

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // a student's program that has gone is no reason to end
    try {
        return gptoss::course::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    }
}
