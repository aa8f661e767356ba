using System.Net;
using Kleene.Build.Runtime.Networks;

namespace Kleene.Build.Cli.Commands;

/// <summary>Reads <c>NAME[:ip=…,ip6=…,alias=…]</c>: a network, and what a container is on it.</summary>
internal static class NetworkOption
{
    private const string Option = "--network";

    public static EndpointRequest Read(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? text : text[..colon];
        if (name.Length == 0)
        {
            throw new UsageException($"{Option} '{text}' has no name; write NAME[:ip=ADDRESS,ip6=ADDRESS,alias=NAME]");
        }

        if (colon < 0)
        {
            return new EndpointRequest { Network = name };
        }

        var fields = OptionFields.Parse(text[(colon + 1)..], Option, "ip", "ip6", "alias");
        var aliases = fields.All("alias");
        return aliases.FirstOrDefault(alias => !NetworkStore.IsHostName(alias)) is { } wrong
            ? throw new UsageException($"{Option} '{text}': '{wrong}' cannot be a name on a network; use letters, digits and . _ -, a letter or digit first")
            : new EndpointRequest { Network = name, Address = Address(fields.Find("ip"), Option), Address6 = Address(fields.Find("ip6"), Option), Aliases = [.. aliases] };
    }

    /// <summary>An address in its one usual form; empty when there is none.</summary>
    public static string Address(string? text, string option) =>
        text is null ? ""
        : IPAddress.TryParse(text.Trim('[', ']'), out var address) && !text.Contains('%', StringComparison.Ordinal) ? address.ToString()
        : throw new UsageException($"{option} '{text}' is not an address");
}
