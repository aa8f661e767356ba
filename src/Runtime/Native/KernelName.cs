using System.Runtime.InteropServices;
using System.Text;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Native;

/// <summary>
/// What the kernel calls itself. Not by the framework's description of the system, which is what its files say (os-release(5)): under FreeBSD's
/// Linux ABI these are a Linux distribution's.
/// </summary>
internal static unsafe partial class KernelName
{
    /// <summary>Of each field of struct utsname on Linux (uname(2)): system, node, release, version, machine, domain.</summary>
    private const int FieldSize = 65;

    private const int Fields = 6;

    /// <summary>System, release and version: <c>Linux 6.1.0 #1 SMP …</c>, or <c>Linux 4.4.0 FreeBSD 13.2-RELEASE …</c> under FreeBSD's Linux ABI.</summary>
    public static string Read()
    {
        if (Abi.IsFreeBsd)
        {
            return "FreeBSD";
        }

        var name = stackalloc byte[Fields * FieldSize];
        return uname(name) == 0 ? $"{Field(name, 0)} {Field(name, 2)} {Field(name, 3)}" : throw Errno.LastException("uname");
    }

    private static string Field(byte* name, int index) => Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name + (index * FieldSize)));

    [LibraryImport("libc", SetLastError = true)]
    private static partial int uname(byte* name);
}
