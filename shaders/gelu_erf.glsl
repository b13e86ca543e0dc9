// GELU as Hendrycks and Gimpel 2016 define it, x * Phi(x). erf by Abramowitz and Stegun 7.1.26,
// off by at most 1.5e-7.
vec4 gelu_erf(vec4 v) {
    const vec4 x = abs(v) * 0.7071067811865476;
    const vec4 t = 1.0 / (1.0 + 0.3275911 * x);
    const vec4 tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 +
                      t * (-1.453152027 + t * 1.061405429)))) * exp(-x * x);
    return 0.5 * v * (1.0 + sign(v) * (1.0 - tail));
}
