#include "gptoss/dump/llama_cpp_names.hpp"

#include <set>
#include <string>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::dump;

TEST_CASE("llama.cpp's names: every site but two has one", "[dump]") {
    std::set<Site> named;
    for (const NameMap::Entry& entry : llama_cpp_names().entries) {
        std::string ours = entry.ours;
        const std::size_t place = ours.find("{l}");
        if (place != std::string::npos) ours.replace(place, 3, "0");
        INFO(entry.theirs);
        const auto site = site_channels_from_name(ours);
        REQUIRE(site);
        named.insert(site->key.site);
        CHECK((entry.theirs.find("{l}") == std::string::npos) == !is_per_layer(site->key.site));
    }
    for (const SiteInfo& info : kSites) {
        const bool is_kept = info.site != Site::attn_scores && info.site != Site::attn_sink_share;
        CHECK(named.contains(info.site) == is_kept);
    }
}
