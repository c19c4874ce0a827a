// The viewer as assemble.cmake puts it together: its text is compiled into whoever writes pages.
#pragma once
#include <string_view>

namespace gptoss::live {

std::string_view viewer_html();

}  // namespace gptoss::live
