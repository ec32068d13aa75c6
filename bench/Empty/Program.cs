// What it costs to start and end .NET, before a program has done anything.
return;
