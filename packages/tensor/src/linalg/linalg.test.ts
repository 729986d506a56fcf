import { describe, expect, it } from 'vitest';
import * as torch from '../index.ts';
import {
  einsum,
  eye,
  fromTypedArray,
  linalg,
  manualSeed,
  randn,
  type Tensor,
  tensor,
  zeros,
} from '../index.ts';

const { gradcheck, gradgradcheck } = torch.autograd;

function random(...size: number[]): Tensor {
  return randn(size, { dtype: 'float64' });
}

function largestGap(a: Tensor, b: Tensor): number {
  return a.numel() === 0 ? 0 : Number(a.sub(b).abs().max().item());
}

/** Positive definite, or symmetric, matrices. */
function symmetric(x: Tensor): Tensor {
  return x.add(x.transpose(-2, -1));
}

function identityLike(x: Tensor): Tensor {
  return eye(x.shape.at(-1)!, { dtype: 'float64' }).expand(x.shape);
}

describe('singular value decomposition', () => {
  for (const [m, n] of [
    [6, 6],
    [9, 4],
    [4, 9],
    [1, 5],
    [40, 33],
  ] as const) {
    it(`gives back a ${m} x ${n} matrix from orthogonal factors`, () => {
      manualSeed(1);
      const A = random(2, m, n);
      for (const fullMatrices of [false, true]) {
        const { U, S, Vh } = linalg.svd(A, { fullMatrices });
        const k = Math.min(m, n);
        const scaled = U.narrow(-1, 0, k).mul(S.unsqueeze(-2));
        expect(largestGap(scaled.matmul(Vh.narrow(-2, 0, k)), A)).toBeLessThan(1e-12);
        const [gramU, gramV] = [U.transpose(-2, -1).matmul(U), Vh.matmul(Vh.transpose(-2, -1))];
        expect(largestGap(gramU, identityLike(gramU))).toBeLessThan(1e-12);
        expect(largestGap(gramV, identityLike(gramV))).toBeLessThan(1e-12);
        expect(largestGap(S, linalg.svdvals(A))).toBeLessThan(1e-12);
      }
    });
  }

  it('keeps orthogonal factors for zero, rank-deficient and badly scaled matrices', () => {
    manualSeed(2);
    const low = random(8, 2).matmul(random(2, 8));
    const matrices = [zeros([5, 5], { dtype: 'float64' }), low, low.mul(1e-200), low.mul(1e200)];
    matrices.push(torch.ones([7, 7], { dtype: 'float64' }), eye(6, { dtype: 'float64' }));
    // A zero in the middle of a bidiagonal matrix, and one at its end.
    const bidiagonal = tensor(
      [
        [1, 2, 0, 0],
        [0, 0, 3, 0],
        [0, 0, 4, 5],
        [0, 0, 0, 0],
      ],
      { dtype: 'float64' },
    );
    matrices.push(bidiagonal);
    for (const A of matrices) {
      const { U, S, Vh } = linalg.svd(A);
      const size = Math.max(Number(A.abs().max().item()), Number.MIN_VALUE);
      expect(largestGap(U.mul(S.unsqueeze(-2)).matmul(Vh), A) / size).toBeLessThan(1e-13);
      expect(largestGap(U.t().matmul(U), identityLike(U))).toBeLessThan(1e-13);
      expect(largestGap(Vh.matmul(Vh.t()), identityLike(Vh))).toBeLessThan(1e-13);
    }
  });

  it('says that values which are not finite have no decomposition', () => {
    expect(() =>
      linalg.svd(
        tensor([
          [Number.NaN, 1],
          [1, 1],
        ]),
      ),
    ).toThrow(
      'linalg.svd: The algorithm failed to converge because the input matrix contained non-finite values.',
    );
  });

  it('has a gradient of what does not depend on signs', () => {
    manualSeed(3);
    for (const [m, n] of [
      [3, 3],
      [4, 2],
      [2, 4],
    ] as const) {
      const A = random(m, n).requiresGrad_();
      const invariant = (x: Tensor): Tensor => {
        const { U, S, Vh } = linalg.svd(x, { fullMatrices: false });
        const weights = torch.arange(S.numel(), { dtype: 'float64' }).add(1);
        return U.mul(weights.unsqueeze(-2)).matmul(Vh).mul(S.sum());
      };
      expect(gradcheck(invariant, [A])).toBe(true);
      expect(gradgradcheck(invariant, [A])).toBe(true);
    }
  });
});

describe('eigenvalues of symmetric matrices', () => {
  it('give back the matrix with orthogonal vectors, from the triangle that is named', () => {
    manualSeed(4);
    for (const n of [1, 2, 5, 50]) {
      const full = symmetric(random(3, n, n));
      const noise = random(3, n, n);
      const mask = torch.ones([n, n], { dtype: 'bool' });
      for (let i = 0; i < n; i++)
        mask
          .select(0, i)
          .narrow(0, i + 1, n - i - 1)
          .zero_();
      const { eigenvalues, eigenvectors } = linalg.eigh(full.where(mask, noise));
      const back = eigenvectors.mul(eigenvalues.unsqueeze(-2)).matmul(eigenvectors.transpose(-2, -1));
      expect(largestGap(back, full)).toBeLessThan(1e-12);
      const upper = linalg.eigvalsh(full.where(mask.t(), noise), 'U');
      expect(largestGap(eigenvalues, upper)).toBeLessThan(1e-12);
    }
  });

  it('have gradients, and gradients of these', () => {
    manualSeed(5);
    const A = random(4, 4).requiresGrad_();
    const values = (x: Tensor): Tensor => linalg.eigvalsh(symmetric(x));
    const whole = (x: Tensor): Tensor => {
      const { eigenvalues, eigenvectors } = linalg.eigh(symmetric(x));
      return eigenvectors.mul(eigenvalues.exp().unsqueeze(-2)).matmul(eigenvectors.t());
    };
    for (const f of [values, whole]) {
      expect(gradcheck(f, [A])).toBe(true);
      expect(gradgradcheck(f, [A])).toBe(true);
    }
  });

  it('are NaN where the matrix is not finite', () => {
    expect(
      linalg
        .eigvalsh(
          tensor([
            [Number.NaN, 0],
            [0, 1],
          ]),
        )
        .tolist(),
    ).toEqual([Number.NaN, Number.NaN]);
  });
});

describe('second derivatives', () => {
  const definite = (x: Tensor): Tensor => x.matmul(x.transpose(-2, -1)).add(identityLike(x));
  const cases: Readonly<
    Record<string, readonly [(...args: Tensor[]) => Tensor, readonly (readonly number[])[]]>
  > = {
    'linalg.inv': [linalg.inv, [[3, 3]]],
    'linalg.solve': [
      (A, B) => linalg.solve(A, B),
      [
        [2, 3, 3],
        [2, 3, 2],
      ],
    ],
    'linalg.solve from the right': [
      (A, B) => linalg.solve(A, B, { left: false }),
      [
        [3, 3],
        [2, 3],
      ],
    ],
    'linalg.det': [linalg.det, [[2, 3, 3]]],
    'linalg.slogdet': [(A) => linalg.slogdet(A).logabsdet, [[3, 3]]],
    'linalg.cholesky': [(A) => linalg.cholesky(definite(A)), [[3, 3]]],
    'linalg.luFactor': [(A) => linalg.luFactor(A).LU, [[3, 3]]],
    'linalg.lu of a wide matrix': [(A) => linalg.lu(A).L.sum().add(linalg.lu(A).U), [[2, 4]]],
    'linalg.lu of a tall matrix': [(A) => linalg.lu(A).L.sum(0).add(linalg.lu(A).U), [[4, 2]]],
    'linalg.qr': [(A) => linalg.qr(A).Q.sum(0).add(linalg.qr(A).R), [[4, 3]]],
    'linalg.qr of a wide matrix': [(A) => linalg.qr(A).Q.sum().add(linalg.qr(A).R), [[2, 4]]],
    'linalg.pinv': [(A) => linalg.pinv(A), [[4, 3]]],
    'linalg.lstsq': [
      (A, B) => linalg.lstsq(A, B).solution,
      [
        [4, 3],
        [4, 2],
      ],
    ],
    'linalg.matrixPower': [(A) => linalg.matrixPower(A, -3), [[3, 3]]],
    'linalg.norm': [(A) => linalg.norm(A, 'nuc'), [[3, 2]]],
    matrixExp: [(A) => A.matrixExp(), [[3, 3]]],
    choleskyInverse: [(A) => linalg.cholesky(definite(A)).choleskyInverse(), [[3, 3]]],
    triangularSolve: [
      (B, A) => B.triangularSolve(A).solution,
      [
        [3, 2],
        [3, 3],
      ],
    ],
    ormqr: [(A, tau, C) => A.ormqr(tau, C), [[3, 2], [2], [3, 2]]],
    cdist: [
      (x, y) => torch.cdist(x, y),
      [
        [3, 2],
        [2, 2],
      ],
    ],
    pdist: [(x) => torch.pdist(x), [[4, 2]]],
    renorm: [(x) => x.renorm(2, 0, 0.5), [[3, 2]]],
  };
  for (const [name, [f, shapes]] of Object.entries(cases)) {
    it(`${name} has them`, () => {
      manualSeed(6);
      const inputs = shapes.map((shape) => random(...shape).requiresGrad_());
      expect(gradcheck(f, inputs)).toBe(true);
      expect(gradgradcheck(f, inputs)).toBe(true);
    });
  }
});

it('The determinant of a singular matrix has the cofactors as its gradient', () => {
  const A = tensor(
    [
      [1, 2, 3],
      [2, 4, 6],
      [1, 0, 1],
    ],
    { dtype: 'float64' },
  ).requiresGrad_();
  const gradient = torch.autograd.grad(linalg.det(A), [A])[0]!;
  const cofactors = tensor(
    [
      [4, 4, -4],
      [-2, -2, 2],
      [0, 0, 0],
    ],
    { dtype: 'float64' },
  );
  expect(largestGap(gradient, cofactors)).toBeLessThan(1e-12);
});

it('Singular and indefinite matrices are refused in the words of PyTorch', () => {
  const zero = zeros(2, 2);
  expect(() => linalg.inv(zero)).toThrow(
    'linalg.inv: The diagonal element 1 is zero, the inversion could not be completed because the input matrix is singular.',
  );
  expect(() => linalg.solve(zero, zero)).toThrow(
    'torch.linalg.solve: The solver failed because the input matrix is singular.',
  );
  expect(() => linalg.cholesky(torch.stack([eye(2), eye(2).neg()]))).toThrow(
    'linalg.cholesky: (Batch element 1): The factorization could not be completed because the input is not positive-definite (the leading minor of order 1 is not positive-definite).',
  );
  expect(linalg.invEx(zero).info.item()).toBe(1);
});

it('A diagonal is a view: writing to it writes to the matrix', () => {
  const x = zeros(2, 3);
  linalg.diagonal(x, { offset: 1 }).fill_(5);
  expect(x.tolist()).toEqual([
    [0, 5, 0],
    [0, 0, 5],
  ]);
});

describe('einsum', () => {
  const a = fromTypedArray(Float64Array.from([1, 2, 3, 4, 5, 6]), [2, 3]);
  const b = fromTypedArray(Float64Array.from([1, 0, 2, 1, 0, 3]), [3, 2]);

  it('takes names as numbers, an implied output, and one list of operands', () => {
    const product = a.matmul(b).tolist();
    expect(einsum('ij,jk', a, b).tolist()).toEqual(product);
    expect(einsum('ij, jk -> ik', [a, b]).tolist()).toEqual(product);
    expect(einsum(a, [0, 1], b, [1, 2], [0, 2]).tolist()).toEqual(product);
    expect(einsum(a, ['...', 1], b, [1, '...'], ['...']).tolist()).toEqual(
      einsum('...j,j...->...', a, b).tolist(),
    );
    expect(einsum('ba', a).tolist()).toEqual(a.t().tolist());
  });

  it('contracts more than two operands', () => {
    const chain = einsum('ij,jk,lk,l->i', a, b, b, a.select(0, 0).narrow(0, 0, 3));
    const expected = a.matmul(b).matmul(b.t()).matmul(a.select(0, 0));
    expect(largestGap(chain, expected)).toBe(0);
  });

  it('says what is wrong with an equation', () => {
    expect(() => einsum('ij,jk', a)).toThrow('fewer operands were provided than specified');
    expect(() => einsum('i', a)).toThrow('the number of subscripts in the equation (1) does not match');
    expect(() => einsum('ij->ik', a)).toThrow('output subscript k does not appear in the equation');
    expect(() => einsum('ij,jk->ik', a, a)).toThrow(
      'subscript j has size 2 for operand 1 which does not broadcast with previously seen size 3',
    );
    expect(() => einsum('ij->ii', a)).toThrow('output subscript i appears more than once in the output');
  });
});

it('A weight of zero keeps what is not wanted out of the sum', () => {
  const nan = torch.full([2, 2], Number.NaN);
  expect(nan.addmm(eye(2), eye(2), { beta: 0 }).tolist()).toEqual([
    [1, 0],
    [0, 1],
  ]);
  expect(nan.addr(torch.ones(2), torch.ones(2), { beta: 0, alpha: 2 }).tolist()).toEqual([
    [2, 2],
    [2, 2],
  ]);
});

it('Euclidean distances of many rows, which come from a matrix product, are those of few', () => {
  manualSeed(7);
  const [x, y] = [random(2, 40, 3), random(2, 30, 3)];
  const exact = torch.cdist(x, y, 2, 'donot_use_mm_for_euclid_dist');
  expect(largestGap(torch.cdist(x, y), exact)).toBeLessThan(1e-12);
  expect(
    largestGap(torch.cdist(x.narrow(1, 0, 9), y.narrow(1, 0, 9)), exact.narrow(1, 0, 9).narrow(2, 0, 9)),
  ).toBe(0);
});
