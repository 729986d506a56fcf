/** The README's example, which its test runs. */
import * as nn from '@sconce/nn';
import { randn, type Tensor } from '@sconce/tensor';

class Net extends nn.Module {
  conv1 = new nn.Conv2d(3, 16, 3, { stride: 1, padding: 1 });

  override forward(x: Tensor): Tensor {
    return nn.functional.relu(this.conv1(x));
  }
}

const conv2 = new nn.Conv2d(16, 32, { kernelSize: 3, padding: 1 });
const model = new Net().addModule('conv2', conv2);

console.log(String(model));
console.log(model.conv2.weight.shape); // [ 32, 16, 3, 3 ]
console.log(model.conv2(model(randn([1, 3, 8, 8]))).shape); // [ 1, 32, 8, 8 ]
