#include "common/web/landing.h"

#include <cstdio>

#include "common/text.h"

namespace stakewatch {
namespace {

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>)";
constexpr std::string_view kStyle = R"(</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; margin: .5rem 0; }
ul.sources { list-style: none; padding: 0; }
ul.sources li { border-left: .35rem solid #888; padding: .3rem .8rem; margin: .6rem 0; }
ul.sources li.up { border-color: #1a7f37; }
ul.sources li.down { border-color: #cf222e; }
.detail { font-size: .9rem; opacity: .8; overflow-wrap: anywhere; }
nav a { display: inline-block; padding: .5rem 1rem .5rem 0; }
</style>
</head>
<body>
)";

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string Ago(std::int64_t now, std::int64_t then) {
  const std::int64_t seconds = now > then ? now - then : 0;
  if (seconds < 120) return std::to_string(seconds) + " s ago";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min ago";
  return std::to_string(seconds / 3600) + " h ago";
}

std::string SourceItem(const SourceState& source, std::int64_t now) {
  const std::string name = "<strong>" + Escaped(source.name) + "</strong> ";
  if (!source.up) {
    return "<li>" + name + "not asked yet<div class=\"detail\">asked at each scrape</div></li>\n";
  }
  char took[32];
  std::snprintf(took, sizeof took, "%.1f ms", source.duration_seconds * 1e3);
  std::string item = *source.up ? "<li class=\"up\">" : "<li class=\"down\">";
  item += name + (*source.up ? "up" : "down") + "<div class=\"detail\">asked " +
          Ago(now, source.asked_at) + ", took " + took + "</div>";
  if (!source.last_error.empty()) {
    item += "<div class=\"detail\">last error, " + Ago(now, source.last_error_at) + ": " +
            Escaped(CleanText(source.last_error, 400)) + "</div>";
  }
  return item + "</li>\n";
}

}  // namespace

std::string LandingPage(const Landing& landing, std::int64_t now) {
  std::string page(kHead);
  page += Escaped(landing.name);
  page += kStyle;
  page +=
      "<h1>" + Escaped(landing.name) + "</h1>\n<p>" + Escaped(landing.about) +
      "</p>\n<p class=\"detail\">stakewatch " + Escaped(landing.version) + "</p>\n<nav><a href=\"" +
      Escaped(landing.telemetry_path) +
      "\">Metrics</a> <a href=\"/-/healthy\">Health</a> <a href=\"/-/ready\">Readiness</a></nav>\n";
  if (landing.sources.empty()) {
    page += "<p>No target of its own.</p>\n";
  } else {
    page += "<h2>Sources</h2>\n<ul class=\"sources\">\n";
    for (const SourceState& source : landing.sources) page += SourceItem(source, now);
    page += "</ul>\n";
  }
  if (!landing.probe) return page + "</body>\n</html>\n";
  page += *landing.probe
              ? "<p>Other targets: <code>/probe?target=…</code></p>\n"
              : "<p class=\"detail\">/probe is off: --probe.allow names what it may ask.</p>\n";
  return page + "</body>\n</html>\n";
}

}  // namespace stakewatch
