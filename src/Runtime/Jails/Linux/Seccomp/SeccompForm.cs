namespace Kleene.Build.Runtime.Jails.Linux.Seccomp;

/// <summary>How a runtime is told about the filter of system calls.</summary>
internal enum SeccompForm
{
    /// <summary>As the names of the calls: the runtime compiles them with libseccomp, at every start.</summary>
    Listed,

    /// <summary>As a program that the kernel takes as it is (crun).</summary>
    Compiled,
}
