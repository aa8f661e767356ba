using System.Globalization;
using System.Text;

namespace Kleene.Build.Builder.Caching;

/// <summary>The same fields as text, one a line, for people who ask why a step ran.</summary>
internal sealed class ExplainingKeyWriter : IKeyWriter
{
    private readonly StringBuilder text = new();

    public void Field(string name, string value) => text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\n");

    public void Field(string name, IReadOnlyList<string> values)
    {
        text.Append(CultureInfo.InvariantCulture, $"{name}: [{values.Count}]\n");
        foreach (var value in values)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {value}\n");
        }
    }

    public override string ToString() => text.ToString();
}
