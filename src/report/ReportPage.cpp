// The report as a page: the files of src/report/page in one, with the data in it.
#include "kiln/Report.h"
#include "report/Page.h"

namespace kiln {
namespace {

/// No "</script" and no "<!--" may be in a script element, whatever functions are called.
std::string forScript(const std::string& json) {
  std::string out;
  out.reserve(json.size() + json.size() / 16);
  for (char each : json)
    if (each == '<')
      out += "\\u003c";
    else
      out += each;
  return out;
}

/// Each mark of the frame is on it once.
void put(std::string& frame, std::string_view mark, std::string_view text) {
  const std::size_t at = frame.find(mark);
  if (at != std::string::npos)
    frame.replace(at, mark.size(), text);
}

} // namespace

std::string Report::html() const {
  std::string page(report::kPageFrame);
  put(page, "/* report.css */", report::kPageStyle);
  put(page, "/* report.js */", report::kPageScript);
  put(page, "{\"report\": \"here\"}", forScript(json()));
  return page;
}

} // namespace kiln
