// Same signatures: a table that replaces ops must replace them by functions of the same type.
//
//     static_assert(has_same_signatures<Bf16Ops, ScalarOps>());
//
// Otherwise the forward might still compile with a twin that takes other arguments, by conversion.
// An op of a table is a pointer to a function or a static member function: + makes both a pointer.
#pragma once
#include <type_traits>

namespace gptoss {

template <class Table, class Reference>
constexpr bool has_same_signatures() {
    const bool attention =
        std::is_same_v<decltype(+Table::rope_table), decltype(+Reference::rope_table)> &&
        std::is_same_v<decltype(+Table::rope), decltype(+Reference::rope)> &&
        std::is_same_v<decltype(+Table::cache_store), decltype(+Reference::cache_store)> &&
        std::is_same_v<decltype(+Table::attend), decltype(+Reference::attend)>;
    const bool experts =
        std::is_same_v<decltype(+Table::route), decltype(+Reference::route)> &&
        std::is_same_v<decltype(+Table::expert_linear), decltype(+Reference::expert_linear)> &&
        std::is_same_v<decltype(+Table::swiglu), decltype(+Reference::swiglu)> &&
        std::is_same_v<decltype(+Table::combine), decltype(+Reference::combine)>;
    const bool both =
        std::is_same_v<decltype(+Table::rmsnorm), decltype(+Reference::rmsnorm)> &&
        std::is_same_v<decltype(+Table::linear), decltype(+Reference::linear)> &&
        std::is_same_v<decltype(+Table::add_residual), decltype(+Reference::add_residual)>;
    const bool ends = std::is_same_v<decltype(+Table::embed), decltype(+Reference::embed)> &&
                      std::is_same_v<decltype(+Table::unembed), decltype(+Reference::unembed)> &&
                      std::is_same_v<decltype(+Table::sample), decltype(+Reference::sample)>;
    return attention && experts && both && ends;
}

}  // namespace gptoss
