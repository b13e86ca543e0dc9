// Activations of gated feed-forward layers: SiLU, and GELU by its tanh form
// (Hendrycks and Gimpel 2016).
vec4 activate(vec4 v, bool gelu) {
    if (gelu) {
        const vec4 inner = clamp(0.7978845608028654 * (v + 0.044715 * v * v * v), -15.0, 15.0);
        return 0.5 * v * (1.0 + tanh(inner));
    }
    return v / (1.0 + exp(-v));
}
