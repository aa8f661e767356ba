using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Kleene.Build.Runtime;

namespace Kleene.Build.Cli.Output;

/// <summary>Prints a list as a table, as one JSON array, by a template such as <c>{{.name}}</c>, or only its ids.</summary>
/// <typeparam name="T">What is listed.</typeparam>
internal sealed class Listing<T>(params Listing<T>.Column[] columns)
{
    /// <param name="Name">The JSON name, also that in templates.</param>
    /// <param name="Value">Text for people.</param>
    /// <param name="Write">The JSON value; the text when null.</param>
    /// <param name="InTable">Whether the table shows it.</param>
    public sealed record Column(string Name, Func<T, string> Value, Action<Utf8JsonWriter, T>? Write = null, bool InTable = true);

    /// <summary>The same with more columns.</summary>
    public Listing<T> With(params Column[] more) => new([.. columns, .. more]);

    /// <summary>The first column holds the ids that <c>--quiet</c> shows.</summary>
    public void Print(TextWriter writer, IReadOnlyCollection<T> rows, string format, bool quiet)
    {
        if (quiet)
        {
            foreach (var row in rows)
            {
                writer.WriteLine(columns[0].Value(row));
            }
        }
        else if (format == "json")
        {
            writer.WriteLine(Json(rows));
        }
        else if (format == "table")
        {
            Table(writer, rows);
        }
        else
        {
            // A field that does not exist is a mistake also when the list is empty.
            Check(format);
            foreach (var row in rows)
            {
                writer.WriteLine(Fill(format, column => column.Value(row)));
            }
        }
    }

    private string Json(IEnumerable<T> rows)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var row in rows)
            {
                json.WriteStartObject();
                foreach (var column in columns)
                {
                    json.WritePropertyName(column.Name);
                    if (column.Write is { } write)
                    {
                        write(json, row);
                    }
                    else
                    {
                        json.WriteStringValue(column.Value(row));
                    }
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private void Table(TextWriter writer, IReadOnlyCollection<T> rows)
    {
        var shown = columns.Where(column => column.InTable).ToArray();
        var cells = rows.Select(row => shown.Select(column => VisibleText.InOneLine(column.Value(row))).ToArray())
            .Prepend([.. shown.Select(column => column.Name.ToUpper(CultureInfo.InvariantCulture))])
            .ToList();
        var widths = shown.Select((_, i) => cells.Max(row => row[i].Length)).ToArray();
        foreach (var row in cells)
        {
            writer.WriteLine(string.Join("   ", row.Select((cell, i) => i == row.Length - 1 ? cell : cell.PadRight(widths[i]))).TrimEnd());
        }
    }

    private void Check(string template) => Fill(template, _ => "");

    private string Fill(string template, Func<Column, string> value)
    {
        var text = new StringBuilder();
        var rest = template.AsSpan();
        for (var open = rest.IndexOf("{{"); open >= 0; open = rest.IndexOf("{{"))
        {
            text.Append(rest[..open]);
            rest = rest[(open + 2)..];
            var close = rest.IndexOf("}}");
            if (close < 0)
            {
                throw new UsageException($"the template '{template}' has '{{{{' without '}}}}'");
            }

            text.Append(value(Named(rest[..close].Trim().ToString())));
            rest = rest[(close + 2)..];
        }

        return text.Append(rest).ToString();
    }

    private Column Named(string field)
    {
        var name = field.StartsWith('.') ? field[1..] : field;
        return columns.FirstOrDefault(column => column.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new UsageException(
                $"there is no field '{field}' here"
                + (Suggestion.Nearest(name, columns.Select(column => column.Name)) is { } nearest
                    ? $"; did you mean '.{nearest}'?"
                    : $"; there are {string.Join(", ", columns.Select(column => "." + column.Name))}"));
    }
}
