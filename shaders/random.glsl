// Philox4x32-10, a counter-based generator (Salmon et al. 2011): the same key and counter give the
// same numbers on every device.
uvec4 philox(uvec2 key, uvec4 counter) {
    for (int round = 0; round < 10; ++round) {
        uint high0;
        uint low0;
        uint high1;
        uint low1;
        umulExtended(0xD2511F53u, counter.x, high0, low0);
        umulExtended(0xCD9E8D57u, counter.z, high1, low1);
        counter = uvec4(high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0);
        key += uvec2(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter;
}

// A standard Gumbel variate from 24 random bits. Draws are decided by the largest variates, where u is
// near 1 and log(u) has lost its digits (Vulkan allows 2^-21 of absolute error): there -log(u) comes
// from its series in 1 - u.
float gumbel(uint bits) {
    const float scale = 5.9604644775390625e-8;
    const float u = (float(bits >> 8) + 0.5) * scale;
    const float rest = (float(0x00ffffffu - (bits >> 8)) + 0.5) * scale;
    const float exponential =
        rest < 0.0625
            ? rest * (1.0 + rest * (0.5 + rest * (0.33333333 + rest * (0.25 + rest * 0.2))))
            : -log(u);
    return -log(exponential);
}
