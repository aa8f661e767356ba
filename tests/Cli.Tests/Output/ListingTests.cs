using System.Text.Json;
using Kleene.Build.Cli.Output;

namespace Kleene.Build.Cli.Tests.Output;

public sealed class ListingTests
{
    private static readonly Listing<(string Id, int Size)> Columns = new(
        new("id", row => row.Id),
        new("size", row => $"{row.Size} B", (json, row) => json.WriteNumberValue(row.Size)),
        new("more", row => $"{row.Size}!", InTable: false));

    private static readonly (string Id, int Size)[] Rows = [("a \"b\"", 1), ("c\n\u001b[31md", 23456)];

    [Fact]
    public void A_table_has_aligned_columns_and_one_line_a_row() =>
        Assert.Equal("ID      SIZE\na \"b\"   1 B\nc d     23456 B\n", Print("table"));

    [Fact]
    public void An_empty_table_has_its_heading() => Assert.Equal("ID   SIZE\n", Print("table", rows: []));

    [Fact]
    public void Json_is_one_array_with_every_field()
    {
        using var json = JsonDocument.Parse(Print("json"));

        Assert.Equal(["id", "size", "more"], json.RootElement[1].EnumerateObject().Select(property => property.Name));
        Assert.Equal("c\n\u001b[31md", json.RootElement[1].GetProperty("id").GetString());
        Assert.Equal(23456, json.RootElement[1].GetProperty("size").GetInt32());
        Assert.Equal("[]\n", Print("json", rows: []));
    }

    [Theory]
    [InlineData("{{.id}}={{.size}}", "x=5 B\n")]
    [InlineData("{{ .ID }} {{more}}", "x 5!\n")]
    [InlineData("}} {{.id}} }}", "}} x }}\n")]
    [InlineData("no field", "no field\n")]
    [InlineData("{{.id}}{{.id}}", "xx\n")]
    public void A_template_is_filled_for_each_row(string template, string expected) => Assert.Equal(expected, Print(template, rows: [("x", 5)]));

    [Fact]
    public void Quiet_wins_and_shows_ids() => Assert.Equal("x\n", Print("json", quiet: true, rows: [("x", 5)]));

    [Theory]
    [InlineData("{{.sise}}", "there is no field '.sise' here; did you mean '.size'?")]
    [InlineData("{{.somethingElse}}", "there is no field '.somethingElse' here; there are .id, .size, .more")]
    [InlineData("{{.id", "the template '{{.id' has '{{' without '}}'")]
    [InlineData("}}{{", "the template '}}{{' has '{{' without '}}'")]
    public void A_wrong_template_is_told_also_when_the_list_is_empty(string template, string message)
    {
        Assert.Equal(message, Assert.Throws<UsageException>(() => Print(template)).Message);
        Assert.Equal(message, Assert.Throws<UsageException>(() => Print(template, rows: [])).Message);
    }

    private static string Print(string format, bool quiet = false, (string Id, int Size)[]? rows = null)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        Columns.Print(writer, rows ?? Rows, format, quiet);
        return writer.ToString();
    }
}
