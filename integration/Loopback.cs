using System.Net;
using System.Net.Sockets;
using Testing;

namespace Integration;

/// <summary>For programs that serve HTTP beside a test.</summary>
internal static class Loopback
{
    internal static string FreeAddress() => $"127.0.0.1:{FreePort.Next()}";

    /// <returns>What it answers; null where it does not listen yet, or is not ready.</returns>
    internal static string? Get(HttpClient client, Uri uri)
    {
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, uri);
            using HttpResponseMessage response = client.Send(request, TestContext.Current.CancellationToken);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                return null;
            }

            using StreamReader text = new(response.Content.ReadAsStream(TestContext.Current.CancellationToken));
            string answer = text.ReadToEnd();
            Assert.True(response.IsSuccessStatusCode, $"{uri}: {response.StatusCode}\n{answer}");
            return answer;
        }
        // The engine's proxy of a published port accepts connections before the program in the container does, and drops them then.
        catch (HttpRequestException failure) when (failure.InnerException is SocketException or IOException)
        {
            return null;
        }
    }
}
