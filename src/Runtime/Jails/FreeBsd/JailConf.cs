using System.Text;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>
/// Writes the jail.conf(5) of one jail. Only parameters in a file are remembered: what jail(8) is given as arguments it knows nothing of any more when it
/// removes the jail, and it then neither runs <c>exec.stop</c> nor unmounts.
/// </summary>
internal static class JailConf
{
    public static string Write(string name, IEnumerable<JailParameter> parameters)
    {
        var text = new StringBuilder().Append(Quote(name)).Append(" {\n");
        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach (var parameter in parameters)
        {
            text.Append("    ").Append(parameter.Name);
            if (parameter.Value is { } value)
            {
                // A second value of the same name is added to the first.
                text.Append(written.Add(parameter.Name) ? " = " : " += ").Append(Quote(value));
            }

            text.Append(";\n");
        }

        return text.Append("}\n").ToString();
    }

    /// <summary>A string that is read as it is: in double quotes a backslash escapes, and a dollar sign would begin a variable.</summary>
    internal static string Quote(string value)
    {
        var quoted = new StringBuilder(value.Length + 2).Append('"');
        foreach (var letter in value)
        {
            _ = letter switch
            {
                '\\' or '"' or '$' => quoted.Append('\\').Append(letter),
                < ' ' or '\x7f' => quoted.Append('\\').Append(Convert.ToString(letter, toBase: 8).PadLeft(3, '0')),
                _ => quoted.Append(letter),
            };
        }

        return quoted.Append('"').ToString();
    }
}
