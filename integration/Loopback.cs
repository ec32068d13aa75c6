using System.Net;
using System.Net.Sockets;
using Testing;

namespace Integration;

/// <summary>Addresses and requests for programs that serve HTTP on loopback beside a test.</summary>
internal static class Loopback
{
    internal static string FreeAddress() => $"127.0.0.1:{FreePort.Next()}";

    /// <returns>The body of the response; null if the program does not listen yet or is not ready.</returns>
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
        // Docker's proxy for a published port accepts connections before the program in the container listens, and then drops them.
        catch (HttpRequestException failure) when (failure.InnerException is SocketException or IOException)
        {
            return null;
        }
    }
}
