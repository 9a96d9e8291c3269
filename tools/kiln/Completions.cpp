// Completions for bash, zsh and fish, from the table. Each is complete in itself: none needs a library of the shell's.
#include "CommandTable.h"

namespace kiln::cli {
namespace {

using Form = ValueKind::Form;

std::string join(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words)
    out += (out.empty() ? "" : std::string(between)) + word;
  return out;
}

/// In single quotes for any of the three shells.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text)
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// All commands that can be called, groups before what is in them.
void collect(const CommandEntry& command, std::vector<const CommandEntry*>& all) {
  all.push_back(&command);
  for (const CommandEntry& each : command.commands)
    collect(each, all);
}

std::vector<std::string> names(const std::vector<CommandEntry>& commands) {
  std::vector<std::string> all;
  for (const CommandEntry& each : commands)
    all.push_back(each.name());
  return all;
}

/// "*.@(bc|ll)" for bash; shared libraries also have numbers behind their names.
std::string bashPattern(const ValueKind& kind) {
  if (kind.words.empty())
    return "*";
  std::vector<std::string> ends;
  for (const std::string& word : kind.words)
    ends.push_back(word.substr(1));
  std::string pattern = "*.@(" + join(ends, "|") + ")";
  return kind.words.front() == ".so" ? pattern + "*" : pattern;
}

/// What completes a value: `$3` is what is there of it, `$4` what stands before it in the same word.
std::string bashValue(const ValueKind& kind) {
  switch (kind.form) {
  case Form::Free: return {};
  case Form::Words: return "_kiln_words \"$3\" \"$4\" " + quoted(join(kind.words, " "));
  case Form::List: return "_kiln_list \"$3\" \"$4\" " + quoted(join(kind.words, " "));
  case Form::Start: return "_kiln_words \"$3\" \"$4\" " + quoted(join(kind.words, " ")) + "; compopt -o nospace 2>/dev/null";
  case Form::File: return "_kiln_files \"$3\" \"$4\" " + quoted(bashPattern(kind));
  case Form::Folder: {
    const std::string out = "_kiln_folders \"$3\" \"$4\"";
    return kind.words.empty() ? out : "_kiln_words \"$3\" \"$4\" " + quoted(join(kind.words, " ")) + "; " + out;
  }
  }
  return {};
}

constexpr std::string_view kBashHead = R"bash(# Completion of kiln for bash, written by kiln --generate bash from its table of options.

_kiln_words() { # VALUE BEFORE WORDS
  local word
  for word in $3; do [[ $word == "$1"* ]] && COMPREPLY+=("$2$word"); done
}
_kiln_list() { # likewise, of words with commas between
  local before=
  [[ $1 == *,* ]] && before=${1%,*},
  _kiln_words "${1##*,}" "$2$before" "$3"
  compopt -o nospace 2>/dev/null
}
_kiln_files() { # VALUE BEFORE PATTERN
  local name
  compopt -o filenames 2>/dev/null
  while IFS= read -r name; do
    [[ -d $name || $name == $3 ]] && COMPREPLY+=("$2$name")
  done < <(compgen -f -- "$1")
}
_kiln_folders() { # VALUE BEFORE
  # With words among them they are no file names, of which only the last part would be shown.
  local name slash=
  if [[ $COMPREPLY ]]; then slash=/; else compopt -o filenames 2>/dev/null; fi
  while IFS= read -r name; do
    COMPREPLY+=("$2$name$slash")
    [[ $slash ]] && compopt -o nospace 2>/dev/null
  done < <(compgen -d -- "$1")
}
)bash";

constexpr std::string_view kBashTail = R"bash(_kiln() {
  # Words as the line has them: bash would end them at '=' and ':' too.
  local line=${COMP_LINE:0:COMP_POINT} cur= words word command=kiln pending= operand= i
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] || { cur=${words[-1]}; unset 'words[-1]'; }
  COMPREPLY=()
  for word in "${words[@]:1}"; do
    if [[ $pending ]]; then pending=
    elif [[ $operand ]] && _kiln_passes_rest "$command"; then continue
    elif [[ $word == -* ]]; then [[ $word == *=* ]] || ! _kiln_takes "$command" "$word" || pending=$word
    elif [[ " $(_kiln_commands "$command") " == *" $word "* ]]; then command+=" $word"
    else operand=1; fi
  done
  if [[ $pending ]]; then _kiln_value "$command" "$pending" "$cur" ''
  elif [[ $operand ]] && _kiln_passes_rest "$command"; then _kiln_files "$cur" '' '*'
  elif [[ $cur == --*=* ]]; then _kiln_value "$command" "${cur%%=*}" "${cur#*=}" "${cur%%=*}="
  elif [[ $cur == -* ]]; then
    _kiln_words "$cur" '' "$(_kiln_options "$command")"
    [[ ${#COMPREPLY[@]} == 1 && $COMPREPLY == *= ]] && compopt -o nospace 2>/dev/null
  elif [[ $(_kiln_commands "$command") ]]; then _kiln_words "$cur" '' "$(_kiln_commands "$command")"
  else _kiln_value "$command" '' "$cur" ''; fi
  # bash puts an answer in place of what is behind the last of its ends of words.
  local ends=${COMP_WORDBREAKS//[^=:@]/} strip=
  [[ $ends ]] && strip=${cur%"${cur##*[$ends]}"}
  for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$strip"}; done
}
complete -F _kiln kiln
)bash";

/// NAME() { case "$1" in 'kiln run') echo WORDS;; ... }
std::string bashLists(const std::string& name, const std::vector<const CommandEntry*>& all,
                      std::vector<std::string> (*list)(const CommandEntry&)) {
  std::string out = name + "() { # COMMAND\n  case \"$1\" in\n";
  for (const CommandEntry* command : all)
    if (auto words = list(*command); !words.empty())
      out += "    " + quoted(command->path) + ") echo " + quoted(join(words, " ")) + " ;;\n";
  return out + "  esac\n}\n";
}

std::vector<std::string> optionWords(const CommandEntry& command) {
  std::vector<std::string> words;
  for (const OptionEntry& option : command.options)
    for (const std::string& name : option.names) {
      words.push_back(name);
      if (option.valueOptional)
        words.push_back(name + "=");
    }
  return words;
}

std::string bashValues(const std::vector<const CommandEntry*>& all) {
  std::string values, takes;
  for (const CommandEntry* command : all) {
    for (const OptionEntry& option : command->options) {
      if (option.value.empty())
        continue;
      std::vector<std::string> keys;
      for (const std::string& name : option.names)
        keys.push_back(quoted(command->path + " " + name));
      if (!option.valueOptional)
        takes += (takes.empty() ? "" : "|") + join(keys, "|");
      if (std::string value = bashValue(option.kind); !value.empty())
        values += "    " + join(keys, "|") + ") " + value + " ;;\n";
    }
    if (!command->operands.empty())
      values += "    " + quoted(command->path + " ") + ") " + bashValue(command->operands.front().kind) + " ;;\n";
  }
  return "_kiln_takes() { # COMMAND OPTION: whether the next word is its value\n  case \"$1 $2\" in\n    " + takes +
         ") return 0 ;;\n  esac\n  return 1\n}\n_kiln_value() { # COMMAND OPTION VALUE BEFORE; without OPTION an operand\n"
         "  case \"$1 $2\" in\n" +
         values + "  esac\n}\n";
}

/// _arguments takes a specification apart at its colons.
std::string zshColons(std::string_view action) {
  std::string out;
  for (char c : action)
    out += c == ':' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out;
}

std::string zshAction(const ValueKind& kind) {
  switch (kind.form) {
  case Form::Free: return " ";
  case Form::Words: return "(" + join(kind.words, " ") + ")";
  case Form::List: return "_values -s , part " + join(kind.words, " ");
  case Form::Start: {
    std::vector<std::string> words;
    for (const std::string& word : kind.words)
      words.push_back(word.substr(0, word.size() - 1) + "\\:");
    return "compadd -S '' -- " + join(words, " ");
  }
  case Form::File: {
    if (kind.words.empty())
      return "_files";
    std::vector<std::string> ends;
    for (const std::string& word : kind.words)
      ends.push_back(word.substr(1));
    return "_files -g \"*.(" + join(ends, "|") + ")" + (kind.words.front() == ".so" ? "*" : "") + "\"";
  }
  case Form::Folder: // the space keeps _arguments from handing options on
    if (kind.words.empty())
      return "_files -/";
    std::vector<std::string> words;
    for (const std::string& word : kind.words) {
      words.push_back(word);
      if (std::size_t colon = words.back().find(':'); colon != std::string::npos)
        words.back().insert(colon, "\\");
    }
    return zshColons(" _alternative \"words:word:(" + join(words, " ") + ")\" \"folders:folder:_files -/\"");
  }
  return " ";
}

/// Inside a specification of _arguments.
std::string zshText(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\')
      out += '\\';
    out += c;
  }
  return out;
}

std::string zshFunction(const CommandEntry& command) {
  std::string function = "_" + command.path;
  for (char& c : function)
    if (c == ' ')
      c = '_';
  std::string out = function + "() {\n";
  if (!command.commands.empty())
    out += "  local curcontext=$curcontext state line\n";
  out += std::string("  _arguments -S") + (command.commands.empty() ? "" : " -C");
  for (const OptionEntry& option : command.options)
    for (const std::string& name : option.names) {
      std::string spec = option.repeatable ? "*" : option.names.size() > 1 ? "(" + join(option.names, " ") + ")" : "";
      spec += name;
      if (!option.value.empty() && name.starts_with("--"))
        spec += option.valueOptional ? "=-" : "=";
      spec += "[" + zshText(option.text) + "]";
      if (!option.value.empty())
        spec += (option.valueOptional ? "::" : ":") + zshText(option.value) + ":" + zshAction(option.kind);
      out += " \\\n    " + quoted(spec);
    }
  if (!command.commands.empty()) {
    out += " \\\n    '1:command:->command' '*::argument:->argument'\n  case $state in\n    command) local -a commands=(";
    for (const CommandEntry& each : command.commands)
      out += "\n      " + quoted(each.name() + ":" + each.text);
    out += ")\n      _describe command commands ;;\n    argument) case $words[1] in\n";
    for (const CommandEntry& each : command.commands)
      out += "      " + each.name() + ") " + function + "_" + each.name() + " ;;\n";
    out += "    esac ;;\n  esac\n";
  } else {
    if (command.passesRest)
      out += " \\\n    " + quoted("1:FILE:" + zshAction(command.operands.front().kind)) + " '*::argument:_files'";
    else if (!command.operands.empty())
      out += " \\\n    " + quoted("*:" + command.operands.front().names.front() + ":" + zshAction(command.operands.front().kind));
    out += "\n";
  }
  return out + "}\n";
}

/// When this command's words are wanted: behind it, and behind none of those in it.
std::string fishCondition(const CommandEntry& command) {
  std::vector<std::string> parts;
  for (std::size_t at = command.path.find(' '); at != std::string::npos;) {
    std::size_t end = command.path.find(' ', at + 1);
    parts.push_back("__fish_seen_subcommand_from " + command.path.substr(at + 1, end == std::string::npos ? end : end - at - 1));
    at = end;
  }
  if (!command.commands.empty())
    parts.push_back("not __fish_seen_subcommand_from " + join(names(command.commands), " "));
  return join(parts, "; and ");
}

std::string fishAction(const ValueKind& kind) {
  switch (kind.form) {
  case Form::Free: return " -x";
  case Form::Words:
  case Form::Start: return " -x -a " + quoted(join(kind.words, " "));
  case Form::List: return " -x -a " + quoted("(__fish_append , " + join(kind.words, " ") + ")");
  case Form::File: {
    if (kind.words.empty() || kind.words.front() == ".so")
      return " -r -F";
    std::vector<std::string> all;
    for (const std::string& word : kind.words)
      all.push_back("__fish_complete_suffix " + word);
    return " -r -F -k -a " + quoted("(" + join(all, "; ") + ")");
  }
  case Form::Folder: return " -x -a " + quoted("(__fish_complete_directories)" + (kind.words.empty() ? "" : " " + join(kind.words, " ")));
  }
  return {};
}

} // namespace

Generated bashCompletion(const CommandEntry& kiln) {
  std::vector<const CommandEntry*> all;
  collect(kiln, all);
  std::string text(kBashHead), rest;
  for (const CommandEntry* command : all)
    if (command->passesRest)
      rest += (rest.empty() ? "" : "|") + quoted(command->path);
  text += "_kiln_passes_rest() { # COMMAND: whether words behind the first operand are a program's\n  case \"$1\" in " + rest +
          ") return 0 ;; esac\n  return 1\n}\n";
  text += bashLists("_kiln_commands", all, [](const CommandEntry& command) { return names(command.commands); });
  text += bashLists("_kiln_options", all, optionWords);
  text += bashValues(all);
  return {"kiln", text += kBashTail};
}

Generated zshCompletion(const CommandEntry& kiln) {
  std::vector<const CommandEntry*> all;
  collect(kiln, all);
  std::string text = "#compdef kiln\n# Completion of kiln for zsh, written by kiln --generate zsh from its table of options.\n\n";
  for (const CommandEntry* command : all)
    text += zshFunction(*command);
  return {"_kiln", text + "_kiln \"$@\"\n"};
}

Generated fishCompletion(const CommandEntry& kiln) {
  std::vector<const CommandEntry*> all;
  collect(kiln, all);
  std::string text = "# Completion of kiln for fish, written by kiln --generate fish from its table of options.\n";
  for (const CommandEntry* command : all) {
    const std::string line = "complete -c kiln -n " + quoted(fishCondition(*command));
    for (const CommandEntry& each : command->commands)
      text += line + " -f -a " + each.name() + " -d " + quoted(each.text) + "\n";
    for (const OptionEntry& option : command->options) {
      text += line;
      for (const std::string& name : option.names)
        text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      // fish has no values that may be missing: what needs one is offered, the bare flag is typed.
      if (!option.value.empty() && !option.valueOptional)
        text += fishAction(option.kind);
      text += " -d " + quoted(option.text) + "\n";
    }
    if (!command->operands.empty() && !command->operands.front().kind.words.empty())
      text += line + fishAction(command->operands.front().kind) + "\n";
  }
  return {"kiln.fish", text};
}

} // namespace kiln::cli
