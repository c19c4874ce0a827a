// Serve: the student's half. A loop that answers calls of the functions of one exercise.
//
//     int main() { return gptoss::course::serve({served<&gptoss::rmsnorm>("rmsnorm")}); }
//
// scripts/course writes such a file for every exercise, behind the #include of the student's
// header, and compiles it: all of that program but these lines is the student's own. It has no
// verdict to give. It never sees what is expected, and hidden inputs only one call at a time.
//
// Where    in a process of its own, under the limits of course/jail.hpp; file 3 is the runner.
#pragma once
#include <exception>
#include <initializer_list>
#include <tuple>

#include "arguments.hpp"

namespace gptoss::course {

inline constexpr int kRunnerFile = 3;

struct Served {
    const char* name;
    void (*handle)(Reader& in, Writer& out);
};

template <class R, class... P>
void call_served(R (*function)(P...), Reader& in, Writer& out) {
    std::tuple<ArgumentOf<P>...> arguments;
    std::apply([&in](auto&... argument) { (argument.receive(in), ...); }, arguments);
    const auto call = [function](auto&... argument) { return function(argument.get()...); };
    out.value(std::uint8_t(0));
    if constexpr (std::is_void_v<R>) {
        std::apply(call, arguments);
    } else {
        Argument<R>::send(out, std::apply(call, arguments));
    }
    std::apply([&out](auto&... argument) { (argument.answer(out), ...); }, arguments);
}

template <auto function>
Served served(const char* name) {
    return {name, [](Reader& in, Writer& out) { call_served(function, in, out); }};
}

inline Writer answer_of(std::initializer_list<Served> functions, Reader in) {
    try {
        const std::string name = in.text();
        for (const Served& function : functions) {
            if (name != function.name) continue;
            Writer out;
            function.handle(in, out);
            return out;
        }
        throw Error(name + ": is not served");
    } catch (const std::exception& error) {
        Writer out;
        out.value(std::uint8_t(1));
        out.text(error.what());
        return out;
    }
}

inline int serve(std::initializer_list<Served> functions) {
    const Deadline never = std::chrono::steady_clock::now() + std::chrono::hours(1);
    try {
        while (true) {
            Writer answer = answer_of(functions, receive_message(kRunnerFile, never));
            send_message(kRunnerFile, answer, never);
        }
    } catch (const Error&) {
        return 0;  // the runner has gone
    }
}

}  // namespace gptoss::course
