// Error plot: how far the runs are apart at every site, along the pass, as an SVG picture.
//
//     up       error = max |got - expected| / rms(expected), decades; errors of 0 on the floor
//     along    execution order, a tick where each layer begins
//     dashed   the tolerance        bold    the residual stream, what one layer hands to the next
//
// A mistake is a jump: rounding climbs slowly, a wrong op leaves the tolerance within one site.
//
// Where    compare_html.hpp.
// Source   W3C 2018, Scalable Vector Graphics 2.
#pragma once
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "gptoss/compare/comparison.hpp"
#include "html.hpp"

namespace gptoss::tool {

using namespace compare;

// From row and error to places in the picture.
struct PlotFrame {
    double width = 960;
    double height = 380;
    double left = 60;
    double right = 16;
    double top = 34;
    double bottom = 30;
    int lowest = -8;  // decade of the floor, where errors of 0 are too
    int highest = 1;  // decade of the ceiling
    std::size_t n_rows = 1;

    double x(std::size_t row) const {
        return left + (width - left - right) * (double(row) + 0.5) / double(n_rows);
    }
    double y(double error) const {
        const double decade = error > 0 ? std::log10(error) : lowest;
        const double up = (std::clamp(decade, double(lowest), double(highest)) - lowest) /
                          double(highest - lowest);
        return height - bottom - up * (height - top - bottom);
    }
    double floor() const { return height - bottom; }
};

inline bool is_drawn(const CompareRow& row) {
    return row.metrics.n_values > 0 && row.key.site != Site::mlp_expert_ids;
}

inline PlotFrame plot_frame(const Comparison& c) {
    PlotFrame frame;
    frame.n_rows = std::max<std::size_t>(c.rows.size(), 1);
    double least = 1;
    double most = 0.1;
    for (const CompareRow& row : c.rows) {
        if (!is_drawn(row)) continue;
        for (const double value : {row.metrics.error, row.tolerance}) {
            if (!(value > 0) || !std::isfinite(value)) continue;
            least = std::min(least, value);
            most = std::max(most, value);
        }
    }
    frame.lowest = std::max(int(std::floor(std::log10(least))) - 1, -12);
    frame.highest = std::max(int(std::ceil(std::log10(most))), frame.lowest + 2);
    return frame;
}

inline std::string svg_text(double x, double y, const std::string& anchor,
                            const std::string& text) {
    return "<text x=\"" + html_number(x) + "\" y=\"" + html_number(y) + "\" text-anchor=\"" +
           anchor + "\">" + html_escaped(text) + "</text>";
}

inline std::string svg_line(double x1, double y1, double x2, double y2, const std::string& kind) {
    return "<line class=\"" + kind + "\" x1=\"" + html_number(x1) + "\" y1=\"" + html_number(y1) +
           "\" x2=\"" + html_number(x2) + "\" y2=\"" + html_number(y2) + "\"/>";
}

inline std::string decade_lines(const PlotFrame& frame) {
    std::string svg;
    for (int decade = frame.lowest; decade <= frame.highest; ++decade) {
        const double y = frame.y(std::pow(10.0, decade));
        svg += svg_line(frame.left, y, frame.width - frame.right, y, "grid");
        const std::string label = decade == frame.lowest ? "0" : "1e" + std::to_string(decade);
        svg += svg_text(frame.left - 6, y + 4, "end", label);
    }
    return svg + "\n";
}

// A line where each layer begins; as many labels as there is room for.
inline std::string layer_lines(const Comparison& c, const PlotFrame& frame) {
    int n_layers = 0;
    for (const CompareRow& row : c.rows) {
        n_layers = std::max(n_layers, row.key.layer + 1);
    }
    const int step = n_layers / 13 + 1;
    std::string svg;
    int stage = -1;
    for (std::size_t i = 0; i < c.rows.size(); ++i) {
        const dump::SiteKey& key = c.rows[i].key;
        if (key.stage() == stage || key.layer == kNoLayer) continue;
        stage = key.stage();
        const double x = frame.x(i) - (frame.x(1) - frame.x(0)) / 2;
        svg += svg_line(x, frame.top, x, frame.floor(), "grid");
        if (stage % step != 0) continue;
        svg += svg_text(x + 3, frame.floor() + 16, "start", "layer " + std::to_string(stage));
    }
    return svg + "\n";
}

// A line through value(row) of the rows that choose(row) says.
inline std::string plot_line(const Comparison& c, const PlotFrame& frame, const char* kind,
                             bool (*choose)(const CompareRow&),
                             double (*value)(const CompareRow&)) {
    std::string points;
    for (std::size_t i = 0; i < c.rows.size(); ++i) {
        if (!is_drawn(c.rows[i]) || !choose(c.rows[i])) continue;
        points += html_number(frame.x(i)) + "," + html_number(frame.y(value(c.rows[i]))) + " ";
    }
    return "<polyline class=\"" + std::string(kind) + "\" points=\"" + points + "\"/>\n";
}

inline bool any_row(const CompareRow&) {
    return true;
}
inline bool is_stream(const CompareRow& row) {
    return row.key.site == Site::embedding || row.key.site == Site::attn_residual ||
           row.key.site == Site::mlp_residual;
}
inline double error_of(const CompareRow& row) {
    return row.metrics.error;
}
inline double tolerance_of(const CompareRow& row) {
    return row.tolerance;
}

inline std::string plot_dots(const Comparison& c, const PlotFrame& frame) {
    const double radius = std::clamp(200.0 / double(frame.n_rows), 1.2, 3.0);
    std::string svg;
    for (std::size_t i = 0; i < c.rows.size(); ++i) {
        const CompareRow& row = c.rows[i];
        const bool is_flip = row.key.site == Site::mlp_expert_ids && row.outcome != Outcome::ok;
        if (!is_drawn(row) && !is_flip) continue;
        svg += "<a href=\"#" + html_escaped(dump::site_name(row.key)) + "\"><circle class=\"" +
               std::string(outcome_key(row.outcome)) + "\" cx=\"" + html_number(frame.x(i)) +
               "\" cy=\"" + html_number(frame.y(row.metrics.error)) + "\" r=\"" +
               html_number(radius) + "\"><title>" +
               html_escaped(dump::site_name(row.key) + ": " +
                            (is_flip ? row.note
                                     : "error " + html_number(row.metrics.error) + ", allowed " +
                                           html_number(row.tolerance))) +
               "</title></circle></a>";
    }
    return svg + "\n";
}

// A line and a name where the runs part.
inline std::string divergence_mark(const Comparison& c, const PlotFrame& frame) {
    if (!c.first_divergence) return "";
    const double x = frame.x(*c.first_divergence);
    const bool on_left = x < frame.width / 2;
    return svg_line(x, frame.top - 8, x, frame.floor(), "mark") +
           svg_text(on_left ? x + 5 : x - 5, frame.top - 12, on_left ? "start" : "end",
                    "first divergence: " + dump::site_name(c.rows[*c.first_divergence].key)) +
           "\n";
}

inline std::string error_plot_svg(const Comparison& c) {
    const PlotFrame frame = plot_frame(c);
    return "<svg class=\"errors\" viewBox=\"0 0 " + html_number(frame.width) + " " +
           html_number(frame.height) + "\" xmlns=\"http://www.w3.org/2000/svg\">\n" +
           decade_lines(frame) + layer_lines(c, frame) +
           plot_line(c, frame, "tolerance", &any_row, &tolerance_of) +
           plot_line(c, frame, "error", &any_row, &error_of) +
           plot_line(c, frame, "stream", &is_stream, &error_of) + plot_dots(c, frame) +
           divergence_mark(c, frame) + "</svg>\n";
}

}  // namespace gptoss::tool
