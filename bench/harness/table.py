"""Tables on the terminal and in Markdown, one line per row as it comes."""

from . import stats


class Column:
    """One column: a median (`bottom` is None) or a ratio of two contenders.

    `metric` is an attribute of execute.Run; `scale` turns its unit (seconds,
    MiB) into the title's."""

    def __init__(self, title, metric, top, bottom=None, scale=1.0):
        self.title, self.metric, self.top, self.bottom = title, metric, top, bottom
        self.scale = scale

    def value(self, row):
        """The column's number for a row; None when it was not measured."""
        if self.bottom is None:
            found = stats.median(row.values(self.top, self.metric))
            return None if found is None else found * self.scale
        found = row.ratio(self.metric, self.top, self.bottom)
        return None if found is None else found.value

    def text(self, row):
        """The cell's text; a dash when there is no number."""
        if self.bottom is not None:
            return str(row.ratio(self.metric, self.top, self.bottom) or "–")
        value = self.value(row)
        return "–" if value is None else stats.short(value)

    def mean_text(self, mean):
        """The text of the column's geometric mean."""
        return stats.short(mean)


class Least(Column):
    """The ratio of the least values.  Load from outside only ever adds, so on a
    busy machine this says more than medians; it has no spread to show."""

    def value(self, row):
        top, bottom = (row.values(name, self.metric) for name in (self.top, self.bottom))
        return min(top) / min(bottom) if top and bottom and min(bottom) else None

    def text(self, row):
        value = self.value(row)
        return "–" if value is None else self.mean_text(value)


class LeastExtra(Least):
    """The same minus one, in percent."""

    def mean_text(self, mean):
        return f"{(mean - 1) * 100:+.1f}"


class Extra(Column):
    """A ratio minus one, in percent."""

    def text(self, row):
        ratio = row.ratio(self.metric, self.top, self.bottom)
        return "–" if ratio is None else self.mean_text(ratio.value)

    def mean_text(self, mean):
        return f"{(mean - 1) * 100:+.2f}"


class Table:
    """Prints rows as they come and ends with the geometric means."""

    def __init__(self, title, columns, out, worst=False):
        self.title, self.columns, self.out, self.worst = title, columns, out, worst
        self.lines, self.remarks = [], []
        self.means = [[] for _ in columns]
        self.widths = [16, *(max(len(c.title), 17 if c.bottom else 6) for c in columns)]
        print(f"\n{title}", file=out)
        self._print(["", *(c.title for c in columns)])

    def _print(self, cells):
        name, *rest = cells
        padded = [name.ljust(self.widths[0]),
                  *(cell.rjust(width) for cell, width in zip(rest, self.widths[1:]))]
        print("  ".join(padded).rstrip(), file=self.out, flush=True)

    def add(self, row):
        """Prints a row; a failed one is left out of the geometric means."""
        cells = [column.text(row) for column in self.columns]
        name = row.name + (" FAILED" if row.failures else "")
        self._print([name, *cells])
        self.lines.append([name, *cells])
        for remark in (*(f"FAILED {text}" for text in row.failures), *row.notes):
            print(f"    {remark}", file=self.out, flush=True)
            self.remarks.append(f"{row.name}: {remark}")
        if not row.failures:
            for values, column in zip(self.means, self.columns):
                values.append(column.value(row) if column.bottom else None)

    def finish(self):
        """Prints the geometric means of the ratio columns, and their largest if asked to."""
        means = [stats.geometric_mean(values) for values in self.means]
        cells = ["geometric mean", *("" if mean is None else column.mean_text(mean)
                                       for column, mean in zip(self.columns, means))]
        if any(cells[1:]):
            self._print(cells)
            self.lines.append(cells)
        worst = ["worst", *("" if mean is None else column.mean_text(max(filter(None, values)))
                            for column, mean, values in zip(self.columns, means, self.means))]
        if self.worst:
            self._print(worst)
            self.lines.append(worst)

    def markdown(self):
        """The table as Markdown text."""
        head = [self.title.split(":")[0].strip(), *(c.title for c in self.columns)]
        lines = [f"### {self.title}", "", "| " + " | ".join(head) + " |",
                 "|" + "---|" + "---:|" * len(self.columns)]
        lines += ["| " + " | ".join(line) + " |" for line in self.lines]
        lines += ["", *(f"- {remark}" for remark in self.remarks)]
        return "\n".join(lines).rstrip() + "\n"
