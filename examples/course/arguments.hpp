// Arguments: how each parameter type of an op crosses the wire.
//
//     Argument<MatrixView>    send     rows, cols, what is in it       runner
//                             receive  into memory of its own         student
//                             answer   what is in it afterwards        student
//                             take     into the runner's matrix        runner
//
// What the function only reads is not answered. A parameter of another type is a compile error
// here, and not a silent copy.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "gptoss/core/config.hpp"
#include "gptoss/core/view.hpp"
#include "wire.hpp"

namespace gptoss::course {

template <class T>
inline constexpr bool is_plain = std::is_arithmetic_v<T> || std::is_enum_v<T>;

// Numbers, enums, and structs of them (a struct says so by is_plain).
template <class T>
struct Argument {
    static_assert(is_plain<T>, "this parameter type needs an Argument");
    T value = {};

    static void send(Writer& out, const T& v) { out.value(v); }
    void receive(Reader& in) { value = in.value<T>(); }
    T& get() { return value; }
    void answer(Writer& /*out*/) const {}
    static void take(Reader& /*in*/, const T& /*v*/) {}
};

// --- Views --------------------------------------------------------------------------------------

// Number is float or int32; View has data and either size or rows and cols.
template <class View, class Number, bool is_written>
struct ViewArgument {
    std::vector<Number> memory;
    View view;

    static std::size_t n_values(const View& v) {
        if constexpr (requires { v.size; }) return std::size_t(v.size);
        if constexpr (!requires { v.size; }) return std::size_t(v.rows) * std::size_t(v.cols);
    }
    static void send(Writer& out, const View& v) {
        out.value(v.data != nullptr);
        if constexpr (requires { v.size; }) out.value(v.size);
        if constexpr (!requires { v.size; }) {
            out.value(v.rows);
            out.value(v.cols);
        }
        if (v.data != nullptr) out.bytes(v.data, n_values(v) * sizeof(Number));
    }
    void receive(Reader& in) {
        const bool has_data = in.value<bool>();
        if constexpr (requires { view.size; }) view.size = in.value<int>();
        if constexpr (!requires { view.size; }) {
            view.rows = in.value<int>();
            view.cols = in.value<int>();
        }
        if (!has_data) return;
        memory.resize(n_values(view) + 1);  // one more, so that an empty view has an address too
        in.bytes(memory.data(), n_values(view) * sizeof(Number));
        view.data = memory.data();
    }
    View& get() { return view; }
    void answer(Writer& out) const {
        if (is_written && view.data != nullptr) {
            out.bytes(memory.data(), (memory.size() - 1) * sizeof(Number));
        }
    }
    static void take(Reader& in, const View& v) {
        if constexpr (is_written) {
            if (v.data != nullptr) in.bytes(v.data, n_values(v) * sizeof(Number));
        }
    }
};

// clang-format off
template <> struct Argument<ConstVectorView> : ViewArgument<ConstVectorView, float, false> {};
template <> struct Argument<VectorView>      : ViewArgument<VectorView, float, true> {};
template <> struct Argument<ConstMatrixView> : ViewArgument<ConstMatrixView, float, false> {};
template <> struct Argument<MatrixView>      : ViewArgument<MatrixView, float, true> {};
template <> struct Argument<ConstIdsView>    : ViewArgument<ConstIdsView, std::int32_t, false> {};
template <> struct Argument<IdsView>         : ViewArgument<IdsView, std::int32_t, true> {};
// clang-format on

// --- Weights as they are stored -----------------------------------------------------------------

template <>
struct Argument<DenseMatrix> {
    std::vector<std::uint8_t> memory;
    DenseMatrix matrix;

    static void send(Writer& out, const DenseMatrix& m) {
        out.value(m.rows);
        out.value(m.cols);
        out.value(m.storage);
        const std::size_t size = std::size_t(m.rows) * m.row_bytes();
        out.text({reinterpret_cast<const char*>(m.bytes), size});
    }
    void receive(Reader& in) {
        matrix.rows = in.value<int>();
        matrix.cols = in.value<int>();
        matrix.storage = in.value<Storage>();
        memory.resize(in.length(1));
        in.bytes(memory.data(), memory.size());
        matrix.bytes = memory.data();
    }
    DenseMatrix& get() { return matrix; }
    void answer(Writer& /*out*/) const {}
    static void take(Reader& /*in*/, const DenseMatrix& /*m*/) {}
};

// Released MXFP4 only: the course's models are stored so.
template <>
struct Argument<ExpertStack> {
    std::vector<std::uint8_t> codes, scales;
    ExpertStack stack;

    static void send(Writer& out, const ExpertStack& s) {
        if (!s.is_mxfp4() || s.codes == nullptr) throw Error("course: experts are not MXFP4");
        const std::size_t n_blocks =
            std::size_t(s.n_experts) * std::size_t(s.rows) * std::size_t(s.cols / kMxfp4BlockSize);
        out.value(s.n_experts);
        out.value(s.rows);
        out.value(s.cols);
        out.text({reinterpret_cast<const char*>(s.codes), n_blocks * kMxfp4BlockBytes});
        out.text({reinterpret_cast<const char*>(s.scales), n_blocks});
    }
    void receive(Reader& in) {
        stack.n_experts = in.value<int>();
        stack.rows = in.value<int>();
        stack.cols = in.value<int>();
        for (std::vector<std::uint8_t>* part : {&codes, &scales}) {
            part->resize(in.length(1));
            in.bytes(part->data(), part->size());
        }
        stack.codes = codes.data();
        stack.scales = scales.data();
    }
    ExpertStack& get() { return stack; }
    void answer(Writer& /*out*/) const {}
    static void take(Reader& /*in*/, const ExpertStack& /*s*/) {}
};

template <class Member>
struct TypeOfMember;
template <class T, class M>
struct TypeOfMember<M T::*> {
    using Type = M;
};

// A struct of views and numbers, member by member.
template <class T, auto... members>
struct MembersArgument {
    std::tuple<Argument<typename TypeOfMember<decltype(members)>::Type>...> parts;
    T whole = {};

    static void send(Writer& out, const T& v) {
        (Argument<typename TypeOfMember<decltype(members)>::Type>::send(out, v.*members), ...);
    }
    void receive(Reader& in) {
        const auto receive_all = [&in, this](auto&... part) {
            (part.receive(in), ...);
            ((whole.*members = part.get()), ...);
        };
        std::apply(receive_all, parts);
    }
    T& get() { return whole; }
    void answer(Writer& out) const {
        std::apply([&out](const auto&... part) { (part.answer(out), ...); }, parts);
    }
    static void take(Reader& in, const T& v) {
        (Argument<typename TypeOfMember<decltype(members)>::Type>::take(in, v.*members), ...);
    }
};

// AttentionRecord; here without attend's own header.
template <class Record>
    requires requires(Record r) { r.scores, r.weights, r.sink_share; }
struct Argument<Record>
    : MembersArgument<Record, &Record::scores, &Record::weights, &Record::sink_share> {};

// The fields that ops read; the course's models leave the rest as it is by default.
template <class Config, class Visit>
void visit_config(Config& c, Visit visit) {
    for (auto* field : {&c.n_layers, &c.hidden_size, &c.vocab_size, &c.n_heads, &c.n_kv_heads,
                        &c.head_dim, &c.sliding_window, &c.n_experts, &c.top_k,
                        &c.intermediate_size, &c.initial_context_length, &c.max_context_length}) {
        visit(*field);
    }
    for (auto* field : {&c.swiglu_limit, &c.rope_theta, &c.rope_scaling_factor, &c.rope_ntk_alpha,
                        &c.rope_ntk_beta, &c.eps}) {
        visit(*field);
    }
}

template <>
struct Argument<Config> {
    Config config;

    static void send(Writer& out, const Config& c) {
        visit_config(c, [&out](const auto& field) { out.value(field); });
    }
    void receive(Reader& in) {
        visit_config(config,
                     [&in](auto& field) { field = in.value<std::decay_t<decltype(field)>>(); });
        config.layer_kinds = alternating_layers(config.n_layers);
    }
    Config& get() { return config; }
    void answer(Writer& /*out*/) const {}
    static void take(Reader& /*in*/, const Config& /*c*/) {}
};

// --- Text and lists -----------------------------------------------------------------------------

template <>
struct Argument<std::string_view> {
    std::string text;
    std::string_view view;

    static void send(Writer& out, std::string_view v) { out.text(v); }
    void receive(Reader& in) {
        text = in.text();
        view = text;
    }
    std::string_view& get() { return view; }
    void answer(Writer& /*out*/) const {}
    static void take(Reader& /*in*/, std::string_view /*v*/) {}
};

// A list by value or by const reference is read; one by reference is written too (List&, below).
template <class Number>
struct Argument<std::vector<Number>> {
    std::vector<Number> list;

    static void send(Writer& out, const std::vector<Number>& l) {
        out.value(std::uint64_t(l.size()));
        out.bytes(l.data(), l.size() * sizeof(Number));
    }
    void receive(Reader& in) {
        list.resize(in.length(sizeof(Number)));
        in.bytes(list.data(), list.size() * sizeof(Number));
    }
    std::vector<Number>& get() { return list; }
    void answer(Writer& /*out*/) const {}
    static void take(Reader& /*in*/, const std::vector<Number>& /*l*/) {}
};

// List& that the function appends to.
template <class Number>
struct Argument<std::vector<Number>&> : Argument<std::vector<Number>> {
    void answer(Writer& out) const { Argument<std::vector<Number>>::send(out, this->list); }
    static void take(Reader& in, std::vector<Number>& l) {
        Argument<std::vector<Number>> taken;
        taken.receive(in);
        l = taken.list;
    }
};

template <>
struct Argument<std::string> {
    std::string text;

    static void send(Writer& out, const std::string& t) { out.text(t); }
    void receive(Reader& in) { text = in.text(); }
    std::string& get() { return text; }
    void answer(Writer& /*out*/) const {}
    static void take(Reader& /*in*/, const std::string& /*t*/) {}
};

template <>
struct Argument<std::string&> : Argument<std::string> {
    void answer(Writer& out) const { out.text(text); }
    static void take(Reader& in, std::string& t) { t = in.text(); }
};

// Token bytes to rank.
template <>
struct Argument<std::unordered_map<std::string_view, std::int32_t>> {
    using Table = std::unordered_map<std::string_view, std::int32_t>;
    std::vector<std::string> keys;
    Table table;

    static void send(Writer& out, const Table& t) {
        out.value(std::uint64_t(t.size()));
        for (const auto& [bytes, rank] : t) {
            out.text(bytes);
            out.value(rank);
        }
    }
    void receive(Reader& in) {
        keys.resize(in.length(12));
        for (std::string& key : keys) {
            key = in.text();
            table[key] = in.value<std::int32_t>();
        }
    }
    Table& get() { return table; }
    void answer(Writer& /*out*/) const {}
    static void take(Reader& /*in*/, const Table& /*t*/) {}
};

// The Argument of a parameter as it is declared: by value and by const reference are the same.
template <class P>
using ArgumentOf = Argument<std::conditional_t<std::is_lvalue_reference_v<P> &&
                                                   !std::is_const_v<std::remove_reference_t<P>>,
                                               P, std::remove_cvref_t<P>>>;

}  // namespace gptoss::course
