// Does nothing: measures the start and the end of .NET.
return;
