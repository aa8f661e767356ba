using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Cli.Commands;

/// <summary>Reads <c>DESTINATION[:size=…,mode=…,ro]</c>, and what <c>--mount type=tmpfs</c> has in common with it.</summary>
internal static class MemoryOption
{
    private static readonly string[] Words = ["rw", "ro", "exec", "noexec", "nosuid", "nodev", "size", "mode"];

    public static JailMount Read(string text, string option)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var mount = JailMount.Memory(MountOption.Destination(colon < 0 ? text : text[..colon], text, option), null);
        foreach (var word in colon < 0 ? [] : text[(colon + 1)..].Split(','))
        {
            var (name, value) = word.Split('=', 2) is [var key, var given] ? (key, given) : (word, null);
            mount = (name, value) switch
            {
                ("rw", null) => mount with { ReadOnly = false },
                ("ro", null) => mount with { ReadOnly = true },
                ("exec", null) => mount with { RefusesExecution = false },
                ("noexec", null) => mount with { RefusesExecution = true },
                ("nosuid" or "nodev", null) => mount, // It always is.
                ("size", { } size) => mount with { SizeBytes = OptionValues.Bytes(size, option) },
                ("mode", { } mode) => mount with { Permissions = Mode(mode, text, option) },
                _ => throw new MountFormatException($"{option} '{text}': '{word}' is not an option of memory{Suggestion.Hint(name, Words)}; there are {string.Join(", ", Words)}"),
            };
        }

        return mount;
    }

    /// <summary>Octal digits, as chmod(1) takes them.</summary>
    public static uint? Mode(string? text, string whole, string option) =>
        text is null ? null
        : text.Length is > 0 and <= 5 && text.All(digit => digit is >= '0' and <= '7') && Convert.ToUInt32(text, 8) is <= 0xfff and var mode ? mode
        : throw new MountFormatException($"{option} '{whole}': '{text}' is not a mode; write up to four octal digits, such as 1777");
}
