using System.Diagnostics;

namespace Testing;

/// <summary>
/// A server in a process of its own, written in Python, which does one command after the other: it accepts connections and never reads them, so that it
/// does not notice that their clients are gone. Disposing ends it.
/// </summary>
internal sealed class PythonServer : IDisposable
{
    private const string Script = """
        import os, signal, socket, sys, threading
        listeners, accepted, children, orphans = [], [], [], []
        def fork(run):
            pid = os.fork()
            if pid == 0:
                run()
                signal.pause()
            children.append(pid)
        def drop(sockets):
            for each in sockets: each.close()
        def child(user):
            drop(listeners)
            os.setresuid(user, user, user)
        for line in sys.stdin:
            command, *words = line.split()
            number = int(words[0]) if words else 0
            if command == 'listen':
                family = socket.AF_INET6 if words[1] == '::' else socket.AF_INET
                protocol = 262 if 'mptcp' in words else 0
                listener = socket.socket(family, socket.SOCK_STREAM, protocol)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((words[1], number))
                listener.listen(4096)
                listeners.append(listener)
            elif command == 'adopt': listeners.append(socket.socket(fileno=number))
            elif command == 'accept': accepted.extend(listeners[-1].accept()[0] for _ in range(number))
            elif command == 'wait': threading.Thread(target=listeners[-1].accept, daemon=True).start()
            elif command == 'close': drop(accepted[:number]); del accepted[:number]
            elif command == 'unlisten': drop(listeners); listeners.clear()
            elif command == 'share': fork(lambda: None)
            elif command == 'hand-over': fork(lambda: child(number)); drop(accepted); accepted.clear()
            elif command == 'hand-to-orphan':
                # Like a service that systemd starts for each connection: its parent is not the server.
                read, write = os.pipe()
                pid = os.fork()
                if pid == 0:
                    orphan = os.fork()
                    if orphan == 0:
                        child(number)
                        signal.pause()
                    os.write(write, str(orphan).encode())
                    os._exit(0)
                os.waitpid(pid, 0)
                orphans.append(int(os.read(read, 20)))
                os.close(read)
                os.close(write)
                drop(accepted)
                accepted.clear()
            elif command == 'end-children':
                for pid in children: os.kill(pid, signal.SIGKILL); os.waitpid(pid, 0)
                children.clear()
            elif command == 'user': os.setresgid(number, number, number); os.setresuid(number, number, number)
            elif command == 'move':
                # The descriptor of the first connection gets another number, and something else its old one.
                old = accepted[0].fileno()
                moved = accepted[0].dup()
                accepted[0].close()
                accepted[0] = moved
                reused = os.open('/dev/null', os.O_RDONLY)
                assert reused == old
            print('done', flush=True)
        for pid in children: os.kill(pid, signal.SIGKILL); os.waitpid(pid, 0)
        for pid in orphans: os.kill(pid, signal.SIGKILL)
        """;

    private readonly Process _process;
    private bool _ended;

    /// <param name="in">The namespace of the server.</param>
    /// <param name="through">A command that starts it, for example setpriv with options; none by default.</param>
    internal PythonServer(TestNamespace @in, params string[] through)
    {
        // Not a python3 of the user's own, which another user may not run.
        string python = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : Requires.Program("python3", "python3");
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(InNamespace.Program, InNamespace.Arguments(@in, [.. through, python, "-c", Script]))
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            },
        };
        Starting.Start(_process);
    }

    internal int Id => _process.Id;

    /// <summary>Does a command, and returns when it is done.</summary>
    internal void Do(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Flush();
        Assert.True(_process.StandardOutput.ReadLine() == "done", $"the server could not do '{command}'; its reason is in the output of the tests");
    }

    public void Dispose()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
