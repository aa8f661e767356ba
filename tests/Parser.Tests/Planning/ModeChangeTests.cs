using System.Globalization;
using Kleene.Build.Parser.Planning;
using Xunit;

namespace Kleene.Build.Parser.Tests.Planning;

public sealed class ModeChangeTests
{
    [Theory]
    [InlineData("0", "0644", "0000", "0000")]
    [InlineData("755", "0644", "0755", "0755")]
    [InlineData("04755", "0600", "4755", "4755")]
    [InlineData("7777", "0000", "7777", "7777")]
    [InlineData("u=rwX,go=rX", "0600", "0644", "0755")]
    [InlineData("u=rwX,go=rX", "0700", "0755", "0755")]
    [InlineData("a+x", "0640", "0751", "0751")]
    [InlineData("+x", "0640", "0751", "0751")]
    [InlineData("go-rwx", "4775", "4700", "4700")]
    [InlineData("=r", "6755", "0444", "6444")]
    [InlineData("u+s,g+s,+t", "0755", "7755", "7755")]
    [InlineData("g=u,o=g", "0640", "0666", "0666")]
    [InlineData("u+w-x", "0555", "0655", "0655")]
    [InlineData("o=", "0777", "0770", "0770")]
    [InlineData("o+t", "0777", "1777", "1777")]
    [InlineData("go+s", "0755", "2755", "2755")]
    public void A_mode_changes_permissions_as_chmod_does(string text, string before, string file, string directory)
    {
        var change = ModeChange.TryParse(text)!;

        Assert.Equal((Octal(file), Octal(directory)), (change.Apply(Octal(before), isDirectory: false), change.Apply(Octal(before), isDirectory: true)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("8")]
    [InlineData("10000")]
    [InlineData("-1")]
    [InlineData("0x1ff")]
    [InlineData("rwx")]
    [InlineData("u")]
    [InlineData("u=rw,")]
    [InlineData("u=rwz")]
    [InlineData("u=gw")]
    [InlineData("x=r")]
    [InlineData("u =r")]
    [InlineData("٧٥٥")]
    public void What_chmod_does_not_take_is_no_mode(string text) => Assert.Null(ModeChange.TryParse(text));

    private static uint Octal(string digits) => digits.Aggregate(0u, (value, digit) => (value * 8) + uint.Parse([digit], CultureInfo.InvariantCulture));
}
