// What a piece of code does, counted: the same on every machine, and at any load of it.
//
//     const Work work = work_of([&] { parse_json("x", text); });
//
//   blocks      how many basic blocks ran: all that is compiled with -fsanitize-coverage=trace-pc,
//               which is our headers and the templates in them
//   peak_bytes  the most memory that was in use at once, beyond what was in use before
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>

struct Work {
    std::uint64_t blocks = 0;
    std::size_t peak_bytes = 0;
};

Work work_of(const std::function<void()>& run);
