using System.Text;
using Kleene.Build.Builder.Execution.Mounting;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Processes;

namespace Kleene.Build.Builder.Tests.Execution.Mounting;

public sealed class SecretMaskTests
{
    [Theory]
    [InlineData("hunter2", "it is hunter2, I say hunter2", "it is ***, I say ***")]
    [InlineData("hunter2", "hunter2", "***")]
    [InlineData("hunter2", "hunter", "hunter")]
    [InlineData("hunter2\n", "hunter2", "***")]
    [InlineData("  hunter2\t\r\n", "pass=hunter2;", "pass=***;")]
    [InlineData("aXa", "aXaXa", "***")]
    [InlineData("pass|password", "my password", "my ***")]
    [InlineData("abcd|cdef", "abcdef", "***")]
    [InlineData("ümläut", "der ümläut", "der ***")]
    [InlineData("{\n  \"key\": \"val\"\n}", "\"key\": \"val\"", "***")]
    [InlineData("{\n  \"key\": \"val\"\n}", "{ }", "{ }")]
    [InlineData("BEGIN\nline one\nline two\nEND", "line two line one", "*** ***")]
    [InlineData("", "anything", "anything")]
    [InlineData("x", "xylophone", "xylophone")]
    public void A_secret_is_covered_wherever_it_stands(string secrets, string text, string expected)
    {
        var mask = MaskOf(secrets.Split('|'));

        Assert.Equal(expected, mask.Apply(text));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_covered_as_they_are_shown()
    {
        byte[] secret = [.. "key"u8, 0xff, .. "end"u8];
        var mask = new SecretMask(new BuildSecrets([new BuildSecret("s", secret)]));

        Assert.Equal("a *** b", mask.Apply($"a {Encoding.UTF8.GetString(secret)} b"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(40)]
    public void A_secret_across_two_pieces_of_a_long_line_is_covered(int before)
    {
        var line = new string('.', IOutputSink.LongestLine - before) + "hunter2" + new string('-', 50);
        var lines = new OutputLines();

        using (var output = MaskOf("hunter2").Before(lines))
        {
            output.WriteLine(OutputKind.Output, line[..IOutputSink.LongestLine]);
            output.WriteLine(OutputKind.Error, "meanwhile");
            output.WriteLine(OutputKind.Output, line[IOutputSink.LongestLine..]);
            output.WriteLine(OutputKind.Output, "after");
        }

        var said = string.Concat(lines.Output);
        Assert.Equal(line.Replace("hunter2", "***", StringComparison.Ordinal) + "after", said);
        Assert.Equal(["meanwhile"], lines.Error);
        Assert.Equal("after", lines.Output[^1]);
    }

    [Fact]
    public void The_end_of_a_piece_that_nothing_follows_is_not_lost()
    {
        var line = new string('.', IOutputSink.LongestLine - 3) + "hun";
        var lines = new OutputLines();

        using (var output = MaskOf("hunter2").Before(lines))
        {
            output.WriteLine(OutputKind.Output, line);
        }

        Assert.Equal(line, string.Concat(lines.Output));
    }

    private static SecretMask MaskOf(params string[] secrets) =>
        new(new BuildSecrets(secrets.Select((value, i) => new BuildSecret($"s{i}", Encoding.UTF8.GetBytes(value)))));
}
