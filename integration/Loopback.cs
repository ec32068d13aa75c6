using System.Net;
using System.Net.Sockets;

namespace Integration;

/// <summary>For programs that serve HTTP beside a test.</summary>
internal static class Loopback
{
    /// <summary>Free a moment ago; the programs cannot be asked to choose one and say which.</summary>
    internal static string FreeAddress()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
    }

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
        catch (HttpRequestException failure) when (failure.InnerException is SocketException)
        {
            return null;
        }
    }
}
