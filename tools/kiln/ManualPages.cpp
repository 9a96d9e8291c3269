// Manual pages and the documentation's page of options, from the table. Only what the table does not have is written here:
// the sections that are the same for many commands.
#include "CommandTable.h"

namespace kiln::cli {
namespace {

/// Text for roff: hyphens that can be copied as they are, and no line that begins as a request.
std::string roff(std::string_view text) {
  std::string out;
  for (char c : text) {
    if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n'))
      out += "\\&";
    if (c == '-' || c == '\\')
      out += c == '-' ? "\\-" : "\\e";
    else
      out += c;
  }
  return out;
}

std::string upper(std::string text) {
  for (char& c : text)
    c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return text;
}

/// "kiln profile merge" as the name of a page: kiln-profile.
std::string pageName(const std::string& path) {
  const std::size_t space = path.find(' ');
  return space == std::string::npos ? path : "kiln-" + path.substr(space + 1, path.find(' ', space + 1) - space - 1);
}

/// How the option is written, with `bold` and `italic` around what stands as it is and what is put in.
std::string spelling(const OptionEntry& option, const std::string& bold, const std::string& italic, const std::string& end,
                     std::string (*quote)(std::string_view)) {
  std::string out;
  for (const std::string& name : option.names) {
    out += (out.empty() ? "" : ", ") + bold + quote(name) + end;
    if (!option.value.empty())
      out += option.valueOptional ? "[" + bold + "=" + end + italic + quote(option.value) + end + "]"
                                  : " " + italic + quote(option.value) + end;
  }
  return out;
}

std::string sentence(const OptionEntry& option) {
  std::string text = option.text;
  if (!text.empty() && text.back() != '.')
    text += '.';
  if (option.required)
    text += " It must be given.";
  if (option.repeatable && text.find("epeatable") == std::string::npos)
    text += " It may be given several times.";
  return text;
}

std::string manEntries(const CommandEntry& command) {
  std::string out;
  for (const OptionEntry& operand : command.operands)
    out += ".TP\n\\fI" + roff(operand.names.front()) + "\\fR\n" + roff(sentence(operand)) + "\n";
  for (const OptionEntry& option : command.options)
    out += ".TP\n" + spelling(option, "\\fB", "\\fI", "\\fR", roff) + "\n" + roff(sentence(option)) + "\n";
  return out;
}

std::string synopsis(const CommandEntry& command) {
  if (!command.commands.empty()) {
    std::string out;
    for (const CommandEntry& each : command.commands)
      out += synopsis(each);
    return out;
  }
  return ".nf\n\\fB" + roff(command.path) + "\\fR" + roff(std::string_view(command.usage).substr(command.path.size())) + "\n.fi\n";
}

constexpr std::string_view kRunEnd = R"(.SH EXIT STATUS
The program's own. When it dies by a signal, so does
.BR kiln .
2 means an error of Kiln if standard error says so: the line begins with
.B kiln: error:
and ends with the error's code in brackets. The codes and what to do about each are in
.IR /usr/share/doc/kiln/errors.md .
.SH ENVIRONMENT
.TP
.B KILN_CACHE
Where code is kept between runs if there is no
.BR \-\-cache ;
takes the same words.
.TP
.BR XDG_CACHE_HOME ", " HOME
The user's cache folder is
.I $XDG_CACHE_HOME/kiln
or
.IR ~/.cache/kiln .
.SH EXAMPLES
.nf
clang\-19 \-O1 \-emit\-llvm \-c prog.c \-o prog.bc
kiln run prog.bc arguments
kiln run main.bc util.ll \-\- arguments
kiln run \-\-load libz.so.1 \-\-ladder interpreter,baseline@5,O3@2000 prog.bc
kiln run \-\-stats prog.bc
.fi
)";
constexpr std::string_view kToolEnd = R"(.SH EXIT STATUS
0, or 2 behind a line on standard error that begins with
.B kiln: error:
and ends with the error's code in brackets; see
.IR /usr/share/doc/kiln/errors.md .
)";
constexpr std::string_view kInspectEnd = R"(.SH EXIT STATUS
0 if all files are sound, 1 if one has a defect, 2 behind a line on standard error that begins with
.BR "kiln: error:" .
)";

std::string seeAlso(const CommandEntry& kiln, const std::string& own) {
  std::vector<std::string> pages;
  if (own != "kiln")
    pages.emplace_back("kiln");
  for (const CommandEntry& each : kiln.commands)
    if (pageName(each.path) != own)
      pages.push_back(pageName(each.path));
  std::string out = ".SH SEE ALSO\n";
  for (std::size_t i = 0; i < pages.size(); ++i)
    out += ".BR " + roff(pages[i]) + " (1)" + (i + 1 < pages.size() ? " ,\n" : "\n");
  return out;
}

Generated page(const CommandEntry& kiln, const CommandEntry& command, std::string_view version) {
  const std::string name = pageName(command.path);
  std::string text = ".\\\" Written by kiln --generate man from the table of options.\n";
  text += ".TH " + upper(name) + " 1 \"\" \"Kiln " + std::string(version) + "\" \"User Commands\"\n";
  text += ".SH NAME\n" + roff(name) + " \\- " + roff(command.text) + "\n.SH SYNOPSIS\n";
  if (command.path == "kiln")
    text += ".nf\n\\fBkiln\\fR \\fICOMMAND\\fR ...\n.fi\n";
  else
    text += synopsis(command);
  if (!command.operands.empty() || !command.options.empty())
    text += ".SH OPTIONS\n" + manEntries(command);
  if (command.passesRest)
    text += ".PP\nOptions come first. The first word that is not one is a file, and so are words behind it that end in .bc, "
            ".llbc or .ll. \\fB\\-\\-\\fR ends the files. All other words belong to the program.\n";
  if (!command.commands.empty()) {
    text += ".SH COMMANDS\n";
    for (const CommandEntry& each : command.commands) {
      if (command.path == "kiln") {
        text += ".TP\n.BR " + roff(pageName(each.path)) + " (1)\n" + roff(each.text) + ".\n";
        continue;
      }
      text += ".SS " + roff(each.path) + "\n" + roff(each.text) + ".\n" + manEntries(each);
    }
  }
  text += command.path == "kiln run" ? kRunEnd : command.path == "kiln inspect" ? kInspectEnd : kToolEnd;
  return {name + ".1", text + seeAlso(kiln, name)};
}

std::string plain(std::string_view text) { return std::string(text); }

/// A cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|' || c == '<' || c == '*' || c == '_' || c == '@')
      out += '\\';
    out += c;
  }
  return out;
}

void appendOptions(std::string& out, const CommandEntry& command) {
  for (const CommandEntry& each : command.commands)
    appendOptions(out, each);
  if (!command.commands.empty())
    return;
  out += "\n## " + command.path + "\n\n" + command.text + ".\n\n    " + command.usage + "\n\n| option | meaning |\n|---|---|\n";
  for (const OptionEntry& operand : command.operands)
    out += "| " + cell(operand.names.front()) + " | " + cell(sentence(operand)) + " |\n";
  for (const OptionEntry& option : command.options)
    out += "| `" + spelling(option, "", "", "", plain) + "` | " + cell(sentence(option)) + " |\n";
}

} // namespace

std::vector<Generated> manualPages(const CommandEntry& kiln, std::string_view version) {
  std::vector<Generated> pages = {page(kiln, kiln, version)};
  for (const CommandEntry& each : kiln.commands)
    pages.push_back(page(kiln, each, version));
  return pages;
}

Generated optionsPage(const CommandEntry& kiln) {
  std::string text = "# All commands and options\n\nWritten by `kiln --generate markdown` from the table that the parser uses. What is "
                     "behind an option is told in [the manual](cli.md).\n";
  appendOptions(text, kiln);
  return {"options.md", text};
}

} // namespace kiln::cli
