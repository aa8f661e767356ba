using System.Net.Sockets;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Terminals;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>The standard streams of a supervised jail's first process, seen from the side of its supervisor: pipes, or a terminal.</summary>
internal interface ISupervisedStreams : IDisposable
{
    /// <summary>The command that becomes the process, with what it reads from.</summary>
    CommandLine Command { get; }

    /// <summary>Where it prints.</summary>
    ProcessOutput Output { get; }

    /// <summary>The process has its ends; ours would keep them open when it has gone.</summary>
    void Taken();

    /// <summary>Passes on what a client writes until he stops.</summary>
    void ReadFrom(Socket client);

    /// <summary>Does nothing to streams that have no size.</summary>
    void Resize(WindowSize size);

    /// <summary>Returns when all is told that the process, which has ended, has printed.</summary>
    /// <returns>What is left of it, with what it said last.</returns>
    Task<ProcessResult> DrainAsync(ProcessResult result);
}
