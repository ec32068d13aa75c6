using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Testing;

/// <summary>A certificate authority for a test, and the files that it issues.</summary>
internal sealed class TestAuthority : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly Scratch _scratch;
    private readonly string _name;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;

    /// <param name="scratch">The directory for the files.</param>
    /// <param name="name">Its name.</param>
    /// <param name="issuer">The authority that signs its certificate; itself by default.</param>
    internal TestAuthority(Scratch scratch, string name, TestAuthority? issuer = null)
    {
        _scratch = scratch;
        _name = name;
        CertificateRequest request = new($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _certificate = issuer is null ? request.CreateSelfSigned(Now.AddDays(-10), Now.AddDays(10)) : issuer.Sign(request, _key, Now.AddDays(-9), 9);
        File.WriteAllText(CaFile, _certificate.ExportCertificatePem() + "\n");
    }

    internal string CaFile => _scratch[$"{_name}.pem"];

    /// <summary>Issues a server certificate for a name or an IP address.</summary>
    internal X509Certificate2 Server(string subject, int validDays = 5)
    {
        SubjectAlternativeNameBuilder names = new();
        if (IPAddress.TryParse(subject, out IPAddress? address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(subject);
        }

        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Sign(key, subject, ServerAuthentication, names.Build(), validDays);
    }

    /// <summary>Issues a client certificate; returns the files of the certificate and its key.</summary>
    internal (string CertificateFile, string KeyFile) Client(string subject)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = Sign(key, subject, ClientAuthentication, extension: null, validDays: 5);
        (string certificateFile, string keyFile) = (_scratch[$"{subject}.pem"], _scratch[$"{subject}-key.pem"]);
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return (certificateFile, keyFile);
    }

    /// <summary>Whether it has signed a certificate.</summary>
    internal bool Signed(X509Certificate? certificate)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.Add(_certificate);
        return certificate is X509Certificate2 other && chain.Build(other);
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _key.Dispose();
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private X509Certificate2 Sign(ECDsa key, string subject, string usage, X509Extension? extension, int validDays)
    {
        CertificateRequest request = new($"CN={subject}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        if (extension is not null)
        {
            request.CertificateExtensions.Add(extension);
        }

        return Sign(request, key, Now.AddDays(-5), validDays);
    }

    private X509Certificate2 Sign(CertificateRequest request, ECDsa key, DateTimeOffset from, int validDays)
    {
        using X509Certificate2 certificate = request.Create(_certificate, from, Now.AddDays(validDays), RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }
}
