// Student: the program with a student's functions, called from here as if they were our own.
//
//     Student student("build/rmsnorm", {"rmsnorm"});
//     Rmsnorm::call(x, gain, eps, y);                in the student's process
//
// Remote<"rmsnorm", &gptoss::rmsnorm>::call has the type of rmsnorm. While a Student that serves
// the name is attached it sends the arguments there and brings back what was written; otherwise it
// calls the repository's function. So the same lines compute what is expected and what is got.
//
// Errors   StudentError with the text that the student's function threw; Ended with the reason if
//          its process ended or was too slow. After Ended nothing more is asked of it.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "arguments.hpp"
#include "jail.hpp"

namespace gptoss::course {

struct StudentError : Error {
    using Error::Error;
};
struct Ended : Error {
    using Error::Error;
};

inline constexpr std::chrono::seconds kWholeTime{60};  // of the clock; the processor has its own

class Student {
public:
    Student(const std::string& program, std::set<std::string> served)
        : served_(std::move(served)),
          jailed_(start_jailed(program)),
          deadline_(std::chrono::steady_clock::now() + kWholeTime) {
        attached() = this;
    }
    Student(const Student&) = delete;
    Student& operator=(const Student&) = delete;
    ~Student() {
        attached() = nullptr;
        if (jailed_.process > 0) end_of(jailed_, true);
    }

    // The one that calls go to now.
    static Student*& attached() {
        static Student* student = nullptr;
        return student;
    }

    bool serves(const char* name) const { return served_.count(name) > 0; }

    Reader ask(const Writer& request) {
        if (jailed_.process < 0) throw Ended("it has ended");
        try {
            send_message(jailed_.file, request, deadline_);
            Reader answer = receive_message(jailed_.file, deadline_);
            if (answer.value<std::uint8_t>() != 0) throw StudentError(answer.text());
            return answer;
        } catch (const StudentError&) {
            throw;
        } catch (const Error&) {
            const bool was_too_slow = std::chrono::steady_clock::now() >= deadline_;
            throw Ended(end_of(jailed_, was_too_slow));
        }
    }

private:
    std::set<std::string> served_;
    Jailed jailed_;
    Deadline deadline_;
};

// Without it for as long as this lives: what is called is the repository's.
class Detached {
public:
    Detached() : student_(std::exchange(Student::attached(), nullptr)) {}
    ~Detached() { Student::attached() = student_; }
    Detached(const Detached&) = delete;
    Detached& operator=(const Detached&) = delete;

private:
    Student* student_;
};

// A name as a template argument.
template <std::size_t size>
struct Name {
    char text[size];
    constexpr Name(const char (&name)[size]) { std::copy_n(name, size, text); }
};

template <Name name, auto function>
struct Remote;

template <Name name, class R, class... P, R (*function)(P...)>
struct Remote<name, function> {
    static R call(P... arguments) {
        Student* student = Student::attached();
        if (student == nullptr || !student->serves(name.text)) return function(arguments...);

        Writer request;
        request.text(name.text);
        (ArgumentOf<P>::send(request, arguments), ...);
        Reader answer = student->ask(request);
        try {
            return taken(answer, arguments...);
        } catch (const Error&) {
            throw Ended("it sent something else than the function's result");
        }
    }

private:
    static R taken(Reader& answer, P... arguments) {
        if constexpr (std::is_void_v<R>) {
            (ArgumentOf<P>::take(answer, arguments), ...);
        } else {
            Argument<R> result;
            result.receive(answer);
            (ArgumentOf<P>::take(answer, arguments), ...);
            return result.get();
        }
    }
};

}  // namespace gptoss::course
