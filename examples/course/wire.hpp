// Wire: the arguments of a function, from the runner's process to the student's and back.
//
//     request   name of the function, then every argument
//     answer    0, the result, then every argument that the function may write
//               1, the text of what it threw
//
// Both are a length of 8 bytes and so many bytes. What an argument needs follows from its type
// alone (course/arguments.hpp), so a function that gets another parameter is sent with it.
//
// Errors   Error if the other side has gone, is too slow, or sends what does not fit.
// Pitfalls The runner believes nothing of an answer but its numbers: lengths are those it sent.
#pragma once
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "gptoss/core/check.hpp"

namespace gptoss::course {

inline constexpr std::uint64_t kLongestMessage = 64 << 20;

class Writer {
public:
    void bytes(const void* data, std::size_t size) {
        const auto* first = static_cast<const std::uint8_t*>(data);
        if (size > 0) message_.insert(message_.end(), first, first + size);
    }
    template <class T>
    void value(const T& v) {
        static_assert(std::is_trivially_copyable_v<T>);
        bytes(&v, sizeof v);
    }
    void text(std::string_view text) {
        value(std::uint64_t(text.size()));
        bytes(text.data(), text.size());
    }
    const std::vector<std::uint8_t>& message() const { return message_; }

private:
    std::vector<std::uint8_t> message_;
};

class Reader {
public:
    explicit Reader(std::vector<std::uint8_t> message) : message_(std::move(message)) {}

    void bytes(void* data, std::size_t size) {
        if (size > message_.size() - at_) throw Error("the message is too short");
        if (size > 0) std::memcpy(data, message_.data() + at_, size);
        at_ += size;
    }
    template <class T>
    T value() {
        T v;
        bytes(&v, sizeof v);
        return v;
    }
    std::string text() {
        std::string text(length(1), '\0');
        bytes(text.data(), text.size());
        return text;
    }
    // How many elements follow: never more than there are bytes left.
    std::size_t length(std::size_t element_bytes) {
        const std::uint64_t n = value<std::uint64_t>();
        if (n > (message_.size() - at_) / element_bytes) throw Error("the message is too short");
        return std::size_t(n);
    }

private:
    std::vector<std::uint8_t> message_;
    std::size_t at_ = 0;
};

// --- Over a socket ------------------------------------------------------------------------------

using Deadline = std::chrono::steady_clock::time_point;

inline void wait_until_ready(int file, short events, Deadline deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd waiting{file, events, 0};
    if (left.count() <= 0 || poll(&waiting, 1, int(left.count())) <= 0) {
        throw Error("took too long");
    }
}

inline void send_message(int file, const Writer& writer, Deadline deadline) {
    const std::uint64_t size = writer.message().size();
    std::vector<std::uint8_t> framed(sizeof size);
    std::memcpy(framed.data(), &size, sizeof size);
    framed.insert(framed.end(), writer.message().begin(), writer.message().end());
    for (std::size_t sent = 0; sent < framed.size();) {
        wait_until_ready(file, POLLOUT, deadline);
        const ssize_t n = write(file, framed.data() + sent, framed.size() - sent);
        if (n <= 0) throw Error("has gone");
        sent += std::size_t(n);
    }
}

inline void receive_bytes(int file, void* data, std::size_t size, Deadline deadline) {
    auto* to = static_cast<std::uint8_t*>(data);
    for (std::size_t received = 0; received < size;) {
        wait_until_ready(file, POLLIN, deadline);
        const ssize_t n = read(file, to + received, size - received);
        if (n <= 0) throw Error("has gone");
        received += std::size_t(n);
    }
}

inline Reader receive_message(int file, Deadline deadline) {
    std::uint64_t size = 0;
    receive_bytes(file, &size, sizeof size, deadline);
    if (size > kLongestMessage) throw Error("the message is too long");
    std::vector<std::uint8_t> message(static_cast<std::size_t>(size));
    receive_bytes(file, message.data(), message.size(), deadline);
    return Reader(std::move(message));
}

}  // namespace gptoss::course
