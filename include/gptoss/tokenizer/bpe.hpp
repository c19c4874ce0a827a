// Byte pair encoding: turn the bytes of one piece into token ids by merging neighbours.
//
//     begin with single bytes; merge the adjacent pair whose joined bytes have the lowest rank, the
//     leftmost of equals; repeat until no joined pair is in the table; the ids are the ranks
//
// The rank of a token is its id and its place in the order of merges. The table is keyed by the
// joined bytes: which two parts they were joined from does not matter.
//
// How      Two functions for the same rule. bpe_scan looks at all pairs for every merge: best for
//          the usual piece of a few bytes, quadratic in its length. bpe_queue keeps the pairs in a
//          priority queue: n log n, for the line of a million letters that somebody will paste.
// Where    Tokenizer::encode, once per piece of split.hpp.
// Source   Sennrich, Haddow and Birch 2016, Neural Machine Translation of Rare Words with Subword
//          Units, section 3.2; over bytes: Radford et al. 2019 (GPT-2), section 2.2;
//          official tokenizer: openai/tiktoken, byte_pair_merge.
// Errors   Error if a part that cannot be merged is not in the table. A Vocabulary holds all 256
//          single bytes, so there it cannot happen.
// Pitfalls Not longest match: "lowest rank first" can end in shorter tokens. A part's neighbours
//          change when it grows, so queued pairs go stale and must be recognized.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gptoss/core/check.hpp"

namespace gptoss::tokenizer {

// Token bytes to rank. The keys view memory that somebody else keeps (in a Vocabulary: its tokens).
using RankTable = std::unordered_map<std::string_view, std::int32_t>;

inline constexpr std::int32_t kNoRank = std::numeric_limits<std::int32_t>::max();

inline std::int32_t rank_of(const RankTable& ranks, std::string_view bytes) {
    const auto found = ranks.find(bytes);
    return found == ranks.end() ? kNoRank : found->second;
}

inline void append_rank(const RankTable& ranks, std::string_view part,
                        std::vector<std::int32_t>& ids) {
    const std::int32_t rank = rank_of(ranks, part);
    if (rank == kNoRank) {
        throw Error("bpe: the part '" + std::string(part) + "' is not in the rank table");
    }
    ids.push_back(rank);
}

// Appends the ids of the piece.
inline void bpe_scan(const RankTable& ranks, std::string_view piece,
                     std::vector<std::int32_t>& ids) {
    // Part k is the bytes [cuts[k], cuts[k+1]); pair_ranks[k] belongs to parts k and k+1 joined.
    std::vector<std::size_t> cuts;
    for (std::size_t byte = 0; byte <= piece.size(); ++byte) {
        cuts.push_back(byte);
    }
    std::vector<std::int32_t> pair_ranks;
    for (std::size_t k = 0; k + 2 < cuts.size(); ++k) {
        pair_ranks.push_back(rank_of(ranks, piece.substr(k, 2)));
    }

    while (true) {
        std::size_t best = 0;
        std::int32_t best_rank = kNoRank;
        for (std::size_t k = 0; k < pair_ranks.size(); ++k) {
            if (pair_ranks[k] < best_rank) {
                best = k;
                best_rank = pair_ranks[k];
            }
        }
        if (best_rank == kNoRank) break;

        cuts.erase(cuts.begin() + std::ptrdiff_t(best) + 1);
        pair_ranks.erase(pair_ranks.begin() + std::ptrdiff_t(best));
        if (best < pair_ranks.size()) {
            pair_ranks[best] =
                rank_of(ranks, piece.substr(cuts[best], cuts[best + 2] - cuts[best]));
        }
        if (best > 0) {
            pair_ranks[best - 1] =
                rank_of(ranks, piece.substr(cuts[best - 1], cuts[best + 1] - cuts[best - 1]));
        }
    }

    for (std::size_t k = 0; k + 1 < cuts.size(); ++k) {
        append_rank(ranks, piece.substr(cuts[k], cuts[k + 1] - cuts[k]), ids);
    }
}

using Offset = std::uint32_t;  // in a piece; half the size moves half the memory in the queue

// Two neighbouring parts, [begin, middle) and [middle, end), that may be merged.
struct BpePair {
    std::int32_t rank;
    Offset begin;
    Offset middle;
    Offset end;
};

// Lowest rank first, then leftmost. (std::priority_queue puts the greatest on top.)
struct BpePairIsLater {
    bool operator()(const BpePair& a, const BpePair& b) const {
        return a.rank != b.rank ? a.rank > b.rank : a.begin > b.begin;
    }
};

using BpeQueue = std::priority_queue<BpePair, std::vector<BpePair>, BpePairIsLater>;

inline void offer_pair(const RankTable& ranks, std::string_view piece, Offset begin, Offset middle,
                       Offset end, BpeQueue& queue) {
    const std::int32_t rank = rank_of(ranks, piece.substr(begin, end - begin));
    if (rank != kNoRank) queue.push({rank, begin, middle, end});
}

// Same as bpe_scan, for long pieces.
inline void bpe_queue(const RankTable& ranks, std::string_view piece,
                      std::vector<std::int32_t>& ids) {
    if (piece.size() >= std::numeric_limits<Offset>::max()) {
        throw Error("bpe: a piece has " + std::to_string(piece.size()) +
                    " bytes, expected less than 4 GiB");
    }
    // A list of parts, linked by the offsets of their first bytes.
    const Offset size = Offset(piece.size());
    const Offset none = size + 1;          // "swallowed by a merge"
    std::vector<Offset> next(size + 1);    // where the following part begins
    std::vector<Offset> before(size + 1);  // where the preceding part begins
    BpeQueue queue;
    for (Offset byte = 0; byte < size; ++byte) {
        next[byte] = byte + 1;
        before[byte + 1] = byte;
        if (byte + 2 <= size) offer_pair(ranks, piece, byte, byte + 1, byte + 2, queue);
    }

    while (!queue.empty()) {
        const BpePair pair = queue.top();
        queue.pop();
        const bool is_stale = next[pair.begin] != pair.middle || next[pair.middle] != pair.end;
        if (is_stale) continue;

        next[pair.begin] = pair.end;
        next[pair.middle] = none;
        before[pair.end] = pair.begin;
        if (pair.begin > 0) {
            offer_pair(ranks, piece, before[pair.begin], pair.begin, pair.end, queue);
        }
        if (pair.end < size) {
            offer_pair(ranks, piece, pair.begin, pair.end, next[pair.end], queue);
        }
    }

    for (Offset begin = 0; begin < size; begin = next[begin]) {
        append_rank(ranks, piece.substr(begin, next[begin] - begin), ids);
    }
}

inline constexpr std::size_t kLongPiece =
    100;  // bytes; where the official tokenizer draws the line

// Appends the ids of one piece. A piece that is a token is that token: merging would arrive there
// too, as no token of the vocabulary is out of reach of its own merges (a test tries every one).
inline void bpe_encode(const RankTable& ranks, std::string_view piece,
                       std::vector<std::int32_t>& ids) {
    const std::int32_t rank = rank_of(ranks, piece);
    if (rank != kNoRank) {
        ids.push_back(rank);
    } else if (piece.size() < kLongPiece) {
        bpe_scan(ranks, piece, ids);
    } else {
        bpe_queue(ranks, piece, ids);
    }
}

}  // namespace gptoss::tokenizer
